namespace ActorTrain.Actors.DataPlane;

/// <summary>A connection could not be made, in one sentence.</summary>
public sealed class DataPlaneException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether the control process answered, and refused the node: trying again as it is would be in vain.</summary>
    public bool IsRefusal { get; init; }
}
