using Akka.Actor;
using Akka.Cluster;
using Akka.Coordination;

namespace ActorTrain.Actors.Election;

/// <summary>This process's membership in the cluster of control processes: joins it, says who else is in it, and learns whether this one is
/// elected.</summary>
/// <remarks>How it joins is decided by <see cref="JoinLogic"/>.</remarks>
internal sealed class ControlMember : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(1);

    private readonly ControlMemberParts parts;
    private readonly JoinLogic joining;
    private readonly IReadOnlyList<ActorSelection> others;
    private readonly Cluster cluster = Cluster.Get(Context.System);
    private bool isElected;
    private string? said;

    public ControlMember(ControlMemberParts parts)
    {
        this.parts = parts;
        joining = new JoinLogic(parts.Others.Count, JoinPatience);
        others = [.. parts.Others.Select(static address => Context.ActorSelection(
            new RootActorPath(address) / "user" / ElectionProtocol.Member / ElectionProtocol.Admitted))];
        Receive<Wake>(_ =>
        {
            Ask();
            Do(joining.Tick(Now, IsMember, parts.Founding.CheckLease()));
            if (!isElected)
                SayStanding();
        });
        Receive<Sought>(sought => Do(joining.Answer(sought.HasRight, Now, IsMember)));
        Receive<ActorIdentity>(answer =>
        {
            if (answer.Subject is not null)
                joining.Hear(Now);
        });
        Receive<Elected>(_ =>
        {
            isElected = true;
            joining.Elect();
            parts.Elected();
        });
        Receive<ClusterEvent.MemberUp>(up => Note(up.Member, "joined"));
        Receive<ClusterEvent.UnreachableMember>(away => Note(away.Member, "does not answer"));
        Receive<ClusterEvent.ReachableMember>(back => Note(back.Member, "answers again"));
        Receive<ClusterEvent.MemberRemoved>(gone =>
            Note(gone.Member, gone.PreviousStatus == MemberStatus.Down ? "is taken for lost" : "left"));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private static DateTimeOffset Now => SteadyClock.Of(Context.System).Now;

    private bool IsMember => cluster.SelfMember.Status is not MemberStatus.Removed && !cluster.State.Members.IsEmpty;

    protected override void PreStart()
    {
        cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.MemberUp),
            typeof(ClusterEvent.MemberRemoved), typeof(ClusterEvent.UnreachableMember), typeof(ClusterEvent.ReachableMember));
        Timers.StartPeriodicTimer(nameof(Wake), Wake.Instance, TimeSpan.Zero, Interval);
    }

    protected override void PostStop() => cluster.Unsubscribe(Self);

    // Who is in a cluster says so to those that are not.
    private void Ask()
    {
        if (!IsMember)
        {
            foreach (var other in others)
                other.Tell(new Identify(null));
        }
        else if (Context.Child(ElectionProtocol.Admitted).IsNobody())
        {
            Context.ActorOf<AdmittedActor>(ElectionProtocol.Admitted);
        }
    }

    private void Do(JoinStep step)
    {
        switch (step)
        {
            case JoinStep.Dial:
                cluster.JoinSeedNodes(parts.Others);
                break;
            case JoinStep.SeekRight:
                parts.Founding.Acquire().PipeTo(
                    Self, success: static hasRight => new Sought(hasRight), failure: static _ => new Sought(false));
                break;
            case JoinStep.Found:
                cluster.Join(cluster.SelfAddress);
                break;
        }
    }

    private void Note(Member member, string what)
    {
        if (!member.UniqueAddress.Equals(cluster.SelfUniqueAddress))
            parts.Say($"control process {ControlStatus.Words(member.Address)} {what}");
    }

    // Not with the events: the cluster's state may follow them.
    private void SayStanding()
    {
        var oldest = ControlStatus.Oldest(cluster.State);
        if (cluster.SelfMember.Status != MemberStatus.Up || oldest is null || oldest.UniqueAddress.Equals(cluster.SelfUniqueAddress))
            return;
        var sentence = $"standing by as {ControlStatus.Words(cluster.SelfAddress)}: {ControlStatus.Words(oldest.Address)} leads";
        if (sentence == said)
            return;
        said = sentence;
        parts.Say(sentence);
    }

    /// <summary>Sent by <see cref="Seat"/>.</summary>
    internal sealed record Elected : INoSerializationVerificationNeeded
    {
        public static readonly Elected Instance = new();
    }

    private sealed class AdmittedActor : ReceiveActor
    {
    }

    private sealed record Sought(bool HasRight) : INoSerializationVerificationNeeded;

    private sealed record Wake : INoSerializationVerificationNeeded
    {
        public static readonly Wake Instance = new();
    }
}

/// <summary>What a <see cref="ControlMember"/> works with.</summary>
internal sealed record ControlMemberParts
{
    public required IReadOnlyList<Address> Others { get; init; }

    /// <summary>The right to found a cluster.</summary>
    public required Lease Founding { get; init; }

    /// <summary>Tells the user. Thread-safe, and must not throw.</summary>
    public required Action<string> Say { get; init; }

    /// <summary>Called when this process is elected; perhaps more than once. Thread-safe, and must not throw.</summary>
    public required Action Elected { get; init; }
}
