using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Certificates;
using ActorTrain.Persistence.Journal;

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
        [
            .. Places.Select(static place => place.Life).OfType<ActorId>().Where(static life => life.Role == ActorRole.Trainer)
                .OrderBy(static life => life.Number).Select(static life => new TrainerKey(life.Number, life.Life)),
        ],
        Progress, Losses, LastFault, now - HeardAt)
    {
        Roles = Hello.Roles,
        Workers =
        [
            .. Places.Select(static place => place.Life).OfType<ActorId>().Where(static life => life.Role != ActorRole.Trainer)
                .Order(ActorId.Order),
        ],
    };

    /// <summary>Lives of trainers that it hosts or is to host.</summary>
    public int Trainers => Places.Count(static place => place.Post.Trains);

    /// <summary>Lives of workers of rollouts that it hosts or is to host.</summary>
    public int Workers => Places.Count - Trainers;

    /// <summary>Whether it takes such lives at all.</summary>
    public bool Takes(PlacePost post) => Hello.Roles.HasFlag(post.Trains ? NodeRoles.Worker : NodeRoles.Rollout);
}

/// <param name="number">Unique in this process.</param>
internal sealed class NodePlaceEntry(long number, PlacePost post, NodeEntry node)
{
    public long Number => number;

    public PlacePost Post => post;

    public NodeEntry Node => node;

    /// <summary>Null before it begins.</summary>
    public ActorId? Life { get; set; }
}
