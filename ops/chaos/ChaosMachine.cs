namespace ActorTrain.Chaos;

/// <summary>What faults take from a run besides its own process.</summary>
public sealed class ChaosMachine
{
    /// <summary>Makes the database unavailable, or available again.</summary>
    public required Action<bool> SetDatabaseAway { get; init; }

    /// <summary>Bytes that still fit on a full disk.</summary>
    public required Func<long> RoomOnDisk { get; init; }

    /// <summary>Cuts the data plane of all nodes, or lets them connect again.</summary>
    public Action<bool> SetNodesAway { get; init; } = static _ => { };

    /// <summary>The number of the living process of a node; null if it has none.</summary>
    public Func<string, int?> ProcessOf { get; set; } = static _ => null;
}
