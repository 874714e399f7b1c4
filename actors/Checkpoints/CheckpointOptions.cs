using ActorTrain.Models.Options;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Actors.Checkpoints;

[OptionGroup(MayChangeBecause = "they only affect when the state is saved and how long it is kept")]
public sealed record CheckpointOptions : IOptions
{
    [Option("steps between checkpoints; auto chooses the interval from the cost of a save and the failure rate; 0 saves only at the end",
        Null = "auto")]
    public int? Every { get; init; }

    /// <summary>Bounds of the chosen interval.</summary>
    [OptionGroup(Key = "")]
    public SaveIntervalOptions Interval { get; init; } = new();

    [Option("maximum time between checkpoints; 0: no limit",
        Key = "every_minutes", Unit = "minutes", Max = 525_600)]
    public TimeSpan Period { get; init; } = TimeSpan.FromMinutes(30);

    [OptionGroup(Key = "")]
    public CheckpointStoreOptions Store { get; init; } = new();

    [Option("healthy steps after which a checkpoint is marked good; also how far back a rollback from memory reaches", Min = 1)]
    public int ProofSteps { get; init; } = 100;

    [Option("steps between snapshots of the state in memory; 0: only on demand")]
    public int SnapshotEvery { get; init; } = 10;

    [Option(
        "snapshots kept in memory (12 bytes per parameter each) for rollbacks, joining trainers and checkpoint writes",
        Min = 2, Max = 64)]
    public int Snapshots { get; init; } = 6;
}
