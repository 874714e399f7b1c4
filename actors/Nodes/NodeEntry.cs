using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Nodes;

/// <summary>A node, as the run knows it.</summary>
internal sealed class NodeEntry(NodeHello hello)
{
    /// <summary>Its last one.</summary>
    public NodeHello Hello { get; set; } = hello;

    public NodeKey Key => Hello.Node;

    public NodeState State { get; set; } = NodeState.Parked;

    /// <summary>0 while it has none.</summary>
    public long Lease { get; set; }

    public DateTimeOffset HeardAt { get; set; }

    public long Progress { get; set; }

    public int Losses { get; set; }

    public string? LastFault { get; set; }

    public List<NodePlaceEntry> Places { get; } = [];

    public bool IsLiving => State is NodeState.Admitted or NodeState.Parked;

    public NodeStatus Status(DateTimeOffset now) => new(
        Key.Name, State, Hello.Host, Hello.ProcessId, Hello.Inspection!.Device, Hello.Inspection.Threads,
        [.. Places.Select(static place => place.Life).OfType<TrainerKey>().OrderBy(static key => key.Number)], Progress, Losses,
        LastFault, now - HeardAt);
}

/// <param name="number">Unique in this process.</param>
internal sealed class NodePlaceEntry(long number, TrainerPost post, NodeEntry node)
{
    public long Number => number;

    public TrainerPost Post => post;

    public NodeEntry Node => node;

    /// <summary>Null before it begins.</summary>
    public TrainerKey? Life { get; set; }
}
