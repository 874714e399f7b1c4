namespace ActorTrain.Actors.DataPlane;

/// <summary>A connection could not be made, in one sentence.</summary>
public sealed class DataPlaneException : Exception
{
    public DataPlaneException()
    {
    }

    public DataPlaneException(string message)
        : base(message)
    {
    }

    public DataPlaneException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>Whether the control process answered, and refused the node: trying again as it is would be in vain.</summary>
    public bool IsRefusal { get; init; }
}
