using ActorTrain.Models.Numerics;

namespace ActorTrain.Actors.Nodes;

/// <summary>What the nodes of a run must agree with, and how they are leased.</summary>
public sealed record NodeRosterOptions
{
    /// <summary>Of the process that leads.</summary>
    public required long Term { get; init; }

    /// <summary>Of the program.</summary>
    public required string Build { get; init; }

    /// <summary>Folder of the run, in full.</summary>
    public required string Run { get; init; }

    /// <summary>Folder of the token data, in full.</summary>
    public required string Data { get; init; }

    public required string ConfigurationHash { get; init; }

    public required string DataHash { get; init; }

    public required NumericFingerprint Fingerprint { get; init; }

    /// <summary>Address of the data plane, <c>HOST:PORT</c>.</summary>
    public required string DataPlane { get; init; }

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Nodes that this process starts itself, and among which it divides the trainers.</summary>
    public int OwnNodes { get; init; }

    /// <summary>Number below all leases and places: larger in each process than in those before it.</summary>
    public required long LeasesFrom { get; init; }
}
