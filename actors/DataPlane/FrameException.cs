namespace ActorTrain.Actors.DataPlane;

/// <summary>A frame that does not fit, in one sentence: its connection is closed.</summary>
internal sealed class FrameException(string message) : Exception(message);
