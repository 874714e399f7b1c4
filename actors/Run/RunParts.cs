using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Faults;
using ActorTrain.Actors.Goodput;
using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Spikes;
using ActorTrain.Actors.Supervision;
using ActorTrain.Actors.Training;
using ActorTrain.Data.Plan;
using Akka.Actor;

namespace ActorTrain.Actors.Run;

/// <summary>What the actors of a run work with: it belongs to the process, and outlives each of them.</summary>
public sealed class RunParts
{
    /// <summary>What the run's decisions depend on.</summary>
    public required RunLogicOptions Options { get; init; }

    /// <summary>The run's name, which names its journal.</summary>
    public required string Name { get; init; }

    /// <summary>Which samples each lane of each step trains on.</summary>
    public required BatchPlan Plan { get; init; }

    /// <summary>The rules by which steps are judged.</summary>
    public SpikeDetection Detection { get; init; } = new([new NonFiniteRule()]);

    /// <summary>How trainers are kept alive.</summary>
    public required TrainerSupervisorOptions Trainers { get; init; }

    /// <summary>How often the others may fail.</summary>
    public required RestartLimits Limits { get; init; }

    /// <summary>Makes a trainer's device, on the trainer's thread.</summary>
    public required Func<TrainerKey, ITrainerDevice> MakeDevice { get; init; }

    /// <summary>Carries gradients.</summary>
    public required IGradientTransport Transport { get; init; }

    /// <summary>Makes what writes checkpoints, for each life of the checkpointer.</summary>
    public required Func<CheckpointSaving> MakeSaving { get; init; }

    /// <summary>Where measurements go.</summary>
    public required MetricsOptions Metrics { get; init; }

    /// <summary>Where it is written down what the time goes into; null: nowhere.</summary>
    public GoodputOptions? Goodput { get; init; }

    /// <summary>Told what a person who watches may want to see, on the supervisor's thread. It must not throw.</summary>
    public required Action<RunNotice> Notify { get; init; }

    /// <summary>Breaks actors on purpose; null outside of tests.</summary>
    public IFaultInjector? Faults { get; init; }

    /// <summary>What is left of the run when its supervisor fails.</summary>
    public required RecoveryState RecoveryState { get; set; }

    /// <summary>How often the supervisor was begun: names of what must not wait for what a former one left.</summary>
    internal int Lives { get; set; }

    /// <summary>Actors of former supervisors that write to disk: the next one waits for their end.</summary>
    internal HashSet<IActorRef> Writers { get; } = [];
}
