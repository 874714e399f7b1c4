using ActorTrain.Actors.Goodput;
using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Spikes;
using ActorTrain.Actors.Supervision;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Numerics;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Actors.Hosting;

/// <summary>A run as a process trains it: what, on what, how, and where it is kept.</summary>
public sealed record TrainingRun : ReplicaWork
{
    /// <summary>The run's name, which names its journal.</summary>
    public required string Name { get; init; }

    /// <summary>What its decisions depend on.</summary>
    public required RunLogicOptions Options { get; init; }

    /// <summary>The rules by which steps are judged.</summary>
    public SpikeDetection Detection { get; init; } = new([new NonFiniteRule()]);

    /// <summary>How trainers are kept alive.</summary>
    public required TrainerSupervisorOptions Trainers { get; init; }

    /// <summary>How often the other actors may fail.</summary>
    public required RestartLimits Limits { get; init; }

    /// <summary>Where checkpoints lie.</summary>
    public required CheckpointStore Checkpoints { get; init; }

    /// <summary>What the bits depend on, as checkpoints say.</summary>
    public required NumericFingerprint Fingerprint { get; init; }

    /// <summary>Anything small that checkpoints keep, such as the identity of the data.</summary>
    public IReadOnlyDictionary<string, string> CheckpointState { get; init; } = new Dictionary<string, string>();

    /// <summary>Where decisions lie.</summary>
    public required JournalDatabase Journal { get; init; }

    /// <summary>Where measurements go.</summary>
    public required MetricsOptions Metrics { get; init; }

    /// <summary>Where it is written down what the time goes into; null: nowhere.</summary>
    public GoodputOptions? Goodput { get; init; }

    /// <summary>What earlier processes left of it.</summary>
    public required RecoveryState RecoveryState { get; init; }

    /// <summary>Told what a person who watches may want to see, on the supervisor's thread. It must not throw.</summary>
    public required Action<RunNotice> Notify { get; init; }

    /// <summary>Makes a trainer's device, on the trainer's thread.</summary>
    public Func<ReplicaDeviceOptions, TrainerKey, ITrainerDevice> MakeDevice { get; init; } = static (options, _) =>
        new ReplicaDevice(options);
}
