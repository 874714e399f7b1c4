using System.Diagnostics.CodeAnalysis;
using ActorTrain.Actors.Goodput;
using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Spikes;
using ActorTrain.Actors.Supervision;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Numerics;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Terms;

namespace ActorTrain.Actors.Hosting;

public sealed record TrainingRun : ReplicaWork
{
    public TrainingRun()
    {
    }

    /// <summary>A run whose other members are still to be set.</summary>
    [SetsRequiredMembers]
#pragma warning disable CS8618 // As said.
    public TrainingRun(ReplicaWork work)
        : base(work)
    {
    }
#pragma warning restore CS8618

    /// <summary>Also names its journal.</summary>
    public required string Name { get; init; }

    public required RunLogicOptions Options { get; init; }

    public SpikeDetection Detection { get; init; } = new([new NonFiniteRule()]);

    public required TrainerSupervisorOptions Trainers { get; init; }

    public required RestartLimits Limits { get; init; }

    public required CheckpointStore Checkpoints { get; init; }

    public required NumericFingerprint Fingerprint { get; init; }

    /// <summary>Small additional data in checkpoints, such as the identity of the data set.</summary>
    public IReadOnlyDictionary<string, string> CheckpointState { get; init; } = new Dictionary<string, string>();

    public required JournalDatabase Journal { get; init; }

    /// <summary>Under which this process leads the run.</summary>
    public RunTerm Term { get; init; } = RunTerm.None;

    public required MetricsOptions Metrics { get; init; }

    /// <summary>Null if the run is trained on data alone.</summary>
    public RolloutsRun? Rollouts { get; init; }

    /// <summary>Who hosts its trainers; null for this process.</summary>
    public NodesRun? Nodes { get; init; }

    /// <summary>Where the time account is written; null for nowhere.</summary>
    public GoodputOptions? Goodput { get; init; }

    public required RecoveryState RecoveryState { get; init; }

    /// <summary>Receives notices, on the supervisor's thread. It must not throw.</summary>
    public required Action<RunNotice> Notify { get; init; }

    public Func<ReplicaDeviceOptions, TrainerKey, ITrainerDevice> MakeDevice { get; init; } = static (options, _) =>
        new ReplicaDevice(options);
}
