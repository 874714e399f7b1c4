using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Certificates;

namespace ActorTrain.Actors.Nodes;

/// <summary>Who a node is, and how it dials.</summary>
public sealed record NodeLinkOptions
{
    public required NodeKey Node { get; init; }

    /// <summary>Of the program.</summary>
    public required string Build { get; init; }

    public required string Host { get; init; }

    public required int ProcessId { get; init; }

    /// <summary>What it hosts.</summary>
    public NodeRoles Roles { get; init; } = NodeRoles.Worker | NodeRoles.Rollout;

    /// <summary>Trainers that it takes at most; 0 for its share.</summary>
    public int Room { get; init; }

    /// <summary>Addresses to dial, at least 1.</summary>
    public required int Addresses { get; init; }

    /// <summary>Before hello is repeated at first; doubles up to <see cref="LongestPause"/>.</summary>
    public TimeSpan ShortestPause { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>As <see cref="LongestPause"/>, for a node that was in the run: the next process that leads waits for it.</summary>
    public TimeSpan LongestRedial { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Trainers get so long to finish their lanes and retain their states.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A node that leaves waits so long for an answer.</summary>
    public TimeSpan Farewell { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Of the pauses, so that not all nodes dial at once.</summary>
    public int Seed { get; init; }
}
