using Akka.Actor;
using Akka.Cluster;

namespace ActorTrain.Actors.Election;

public enum ControlState
{
    Joining,
    Leading,
    StandingBy,
    Leaving,

    /// <summary>It does not answer.</summary>
    Unreachable,
}

/// <summary>A process that may lead a run, as the one that leads sees it.</summary>
/// <param name="Address">Its <c>HOST:PORT</c> in <see cref="ClusterOptions.Control"/>.</param>
public sealed record ControlStatus(string Address, ControlState State)
{
    internal static IReadOnlyList<ControlStatus> Of(ClusterEvent.CurrentClusterState state) =>
    [
        .. state.Members.Select(member => new ControlStatus(Words(member.Address), StateOf(member, state)))
            .OrderBy(static status => status.State != ControlState.Leading).ThenBy(static status => status.Address, StringComparer.Ordinal),
    ];

    /// <summary>The member that hosts the singleton, or soon will; null if there is none.</summary>
    internal static Member? Oldest(ClusterEvent.CurrentClusterState state) =>
        state.Members.Where(static member => member.Status is MemberStatus.Up or MemberStatus.Leaving)
            .Aggregate((Member?)null, static (oldest, member) => oldest is null || member.IsOlderThan(oldest) ? member : oldest);

    internal static string Words(Address address) => $"{address.Host}:{address.Port}";

    private static ControlState StateOf(Member member, ClusterEvent.CurrentClusterState state) =>
        state.Unreachable.Contains(member) || member.Status == MemberStatus.Down ? ControlState.Unreachable
        : member.Status is MemberStatus.Joining or MemberStatus.WeaklyUp ? ControlState.Joining
        : member.Status != MemberStatus.Up ? ControlState.Leaving
        : member.Equals(Oldest(state)) ? ControlState.Leading : ControlState.StandingBy;
}
