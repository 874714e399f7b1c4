using Akka.Actor;

namespace ActorTrain.Actors.Run;

/// <summary>How the supervisor of a run is made, and how its children are, each given to whom it reports.</summary>
public sealed record RunChildren
{
    /// <summary>The supervisor itself.</summary>
    public required Func<RunParts, Props> Supervisor { get; init; }

    public required Func<IActorRef, Props> Journal { get; init; }

    public required Func<IActorRef, Props> Checkpointer { get; init; }

    /// <summary>Judges steps.</summary>
    public required Func<IActorRef, Props> SpikeDetector { get; init; }

    public required Func<IActorRef, Props> Metrics { get; init; }

    /// <summary>Writes down what the time goes into; null: nobody does.</summary>
    public Func<IActorRef, Props>? Goodput { get; init; }

    /// <summary>Sums one shard of the gradient, of that number.</summary>
    public required Func<int, IActorRef, Props> Reducer { get; init; }

    /// <summary>Supervises trainers. What is to be called when it fails lets go of them, those that hang too.</summary>
    public required Func<IActorRef, (Props Props, Action LetGo)> Trainers { get; init; }
}
