using ActorTrain.Actors.Recovery;
using ActorTrain.Persistence.Journal;
using Akka.Actor;

namespace ActorTrain.Actors.Run;

/// <summary>Factories for the run supervisor and its children; each child's takes the actor it reports to.</summary>
public sealed record RunChildren
{
    public required Func<RunParts, Props> Supervisor { get; init; }

    public required Func<IActorRef, Props> Journal { get; init; }

    /// <summary>Finds out, given the journal and what this process would resume from, whether trainers of other processes have retained a
    /// newer state; the child sends a <see cref="RecoveryFound"/>. Null if there are no such trainers.</summary>
    public Func<IActorRef, IReadOnlyList<RunEvent>, RecoveryState, Props>? StateSearch { get; init; }

    public required Func<IActorRef, Props> Checkpointer { get; init; }

    public required Func<IActorRef, Props> SpikeDetector { get; init; }

    public required Func<IActorRef, Props> Metrics { get; init; }

    /// <summary>Records the time account; null for none.</summary>
    public Func<IActorRef, Props>? Goodput { get; init; }

    /// <summary>Has the rollouts of each step made; null for a run without rollouts. Not restarted in place: another one, with another
    /// name, replaces it, so that nothing waits for workers that hang.</summary>
    public Func<IActorRef, Props>? Rollouts { get; init; }

    /// <summary>Sums one shard of the gradient, given its number.</summary>
    public required Func<int, IActorRef, Props> Reducer { get; init; }

    /// <summary>Supervises trainers. <c>LetGo</c>, called when it fails, releases trainers, including those that hang.</summary>
    public required Func<IActorRef, (Props Props, Action LetGo)> Trainers { get; init; }
}
