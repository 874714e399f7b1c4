using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Protocol;

public abstract record CheckpointCommand;

/// <summary>Write the snapshot in a slot to disk. Answered by a <see cref="CheckpointReport"/>. It may come twice, and late: where
/// a newer one came before it, or the slot holds another state by then, nothing is written and nothing said.</summary>
/// <param name="Number">Grows by one with every save, so that nothing is taken for the answer to another.</param>
/// <param name="Slot">The slot, not to be written to until the answer.</param>
/// <param name="Step">Updates that the state has seen.</param>
/// <param name="Hash">Hash of the state.</param>
/// <param name="Overrides">What decides how the run resumes from there.</param>
/// <param name="History">What is known of the others: those that were left are deleted, and the newest good one stays.</param>
public sealed record SaveCheckpoint(
    long Number,
    int Slot,
    long Step,
    ulong Hash,
    [property: JsonPropertyName("course")] RunOverrides Overrides,
    CheckpointHistory History) : CheckpointCommand
{
    /// <summary>Whose part in the state is not proved; see <see cref="UnprovedWork"/>.</summary>
    public IReadOnlyDictionary<int, long> Unproved { get; init; } = ImmutableDictionary<int, long>.Empty;

    /// <summary>Decisions of the run that are durable, all that the state rests on among them.</summary>
    public long Decisions { get; init; }
}

/// <summary>A checkpoint has proved good: note that beside it. It is not answered; what is lost of it is noted with the next
/// save.</summary>
/// <param name="WeightsHash">SHA-256 of its weights.</param>
/// <param name="ProvedAt">Updates at which that was known.</param>
public sealed record MarkGood(long Step, string WeightsHash, long ProvedAt) : CheckpointCommand;

public abstract record CheckpointReport : IRunInput;

/// <summary>It lives, and is writing nothing.</summary>
public sealed record CheckpointerStarted : CheckpointReport;

/// <summary>The checkpoint is complete on disk.</summary>
/// <param name="WeightsHash">SHA-256 of its weights.</param>
/// <param name="Kept">Steps of all checkpoints that are on disk by now, the newest first.</param>
public sealed record CheckpointSaved(long Number, long Step, string WeightsHash, IReadOnlyList<long> Kept) : CheckpointReport;

/// <summary>It could not be written; earlier ones are as they were.</summary>
public sealed record CheckpointFailed(long Number, long Step, string Reason) : CheckpointReport
{
    /// <summary>Whether the disk is not to blame: the snapshot's bits are no longer those that were copied.</summary>
    public bool IsSnapshotDamaged { get; init; }
}
