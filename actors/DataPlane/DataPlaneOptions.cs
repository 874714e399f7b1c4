namespace ActorTrain.Actors.DataPlane;

/// <summary>Bounds of the connections of the data plane.</summary>
public sealed record DataPlaneOptions
{
    /// <summary>After which a side that has nothing else to send says that it is alive.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>A connection on which nothing arrives, or nothing can be sent, for so long has ended.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Between connecting and the end of the handshake.</summary>
    public TimeSpan HelloTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A side that is alive but neither answers nor asks anything for so long is given up.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Nodes connected at a time, at most.</summary>
    public int Nodes { get; init; } = 256;

    /// <summary>Vectors that one node may have published or announced at a time, at most.</summary>
    public int VectorsPerNode { get; init; } = 1024;

    /// <summary>Whether memory may be shared with processes of this host; otherwise everything is copied through the connection.</summary>
    public bool ShareMemory { get; init; } = true;
}
