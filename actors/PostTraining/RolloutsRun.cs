using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Rollouts;

namespace ActorTrain.Actors.PostTraining;

/// <summary>What a run with rollouts has beyond one without.</summary>
public sealed record RolloutsRun
{
    public required RolloutsOptions Options { get; init; }

    /// <summary>What trainers read; the run's samples come from it.</summary>
    public required ExperienceMemory Experiences { get; init; }

    public required RolloutLedger Ledger { get; init; }

    public required GeneratorOptions Generator { get; init; }

    /// <summary>Makes what a scorer, a reference or a critic computes with, given where published weights are; called on its
    /// thread.</summary>
    public required Func<ActorRole, IWeightSource, IWorkerDevice> MakeJudge { get; init; }

    /// <summary>Threads of each worker.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Changes what workers compute with, such as to make them fail.</summary>
    public Func<IWorkerDevice, ActorId, IWorkerDevice> Wrap { get; init; } = static (device, _) => device;
}
