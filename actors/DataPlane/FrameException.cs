namespace ActorTrain.Actors.DataPlane;

/// <summary>A frame that does not fit, in one sentence: its connection is closed.</summary>
internal sealed class FrameException(string message) : Exception(message)
{
    /// <summary>The node that is refused, which keeps to the protocol; null if it does not.</summary>
    public string? Node { get; init; }
}
