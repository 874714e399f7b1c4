using ActorTrain.Models.Options;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Actors.Checkpoints;

/// <summary>When checkpoints are written and which are kept.</summary>
[OptionGroup(MayChangeBecause = "it only says when the state is saved and how long it is kept")]
public sealed record CheckpointOptions : IOptions
{
    [Option("steps from one checkpoint to the next; auto chooses them from the cost of a save and the faults seen; 0 saves only at the end",
        Null = "auto")]
    public int? Every { get; init; }

    /// <summary>Between which bounds it chooses.</summary>
    [OptionGroup(Key = "")]
    public SaveIntervalOptions Interval { get; init; } = new();

    [Option("time after which a checkpoint is written wherever the run stands; 0: never for that",
        Key = "every_minutes", Unit = "minutes", Max = 525_600)]
    public TimeSpan Period { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Which are kept.</summary>
    [OptionGroup(Key = "")]
    public CheckpointStoreOptions Store { get; init; } = new();

    [Option("healthy steps after which a checkpoint has proved good, and that a rollback from memory reaches", Min = 1)]
    public int ProofSteps { get; init; } = 100;

    [Option("steps from one copy of the state in memory to the next; 0: only as they are needed")]
    public int SnapshotEvery { get; init; } = 10;

    [Option(
        "copies of the state that memory has room for, 12 bytes a parameter each, to roll back to, join from and write checkpoints from",
        Min = 2, Max = 64)]
    public int Snapshots { get; init; } = 6;
}
