namespace ActorTrain.Actors.ControlPlane;

/// <summary>What came over a connection of the control plane does not fit, in one sentence: it is closed.</summary>
internal sealed class ControlLinkException(string message, Exception? inner = null) : Exception(message, inner);
