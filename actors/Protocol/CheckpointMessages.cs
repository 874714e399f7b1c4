using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Protocol;

public abstract record CheckpointCommand;

/// <summary>Writes the snapshot in a slot to disk; answered by a <see cref="CheckpointReport"/>. It may arrive twice or late: after a newer
/// one, or if the slot holds another state, nothing is written or answered.</summary>
/// <param name="Number">Grows by one with every save, so that answers can be matched.</param>
/// <param name="Slot">Must not be written to until the answer.</param>
/// <param name="Step">Updates that the state has seen.</param>
/// <param name="Hash">Hash of the state.</param>
/// <param name="Overrides">How the run resumes from there.</param>
/// <param name="History">Other checkpoints: abandoned ones are deleted, and the newest good one is kept.</param>
public sealed record SaveCheckpoint(
    long Number,
    int Slot,
    long Step,
    ulong Hash,
    [property: JsonPropertyName("course")] RunOverrides Overrides,
    CheckpointHistory History) : CheckpointCommand
{
    /// <summary>Trainers whose part in the state is unverified; see <see cref="UnprovedWork"/>.</summary>
    public IReadOnlyDictionary<int, long> Unproved { get; init; } = ImmutableDictionary<int, long>.Empty;

    /// <summary>The number of durable decisions, which include all that the state depends on.</summary>
    public long Decisions { get; init; }
}

/// <summary>Records beside a checkpoint that it is good. Not answered; if lost, the next save records it.</summary>
/// <param name="WeightsHash">SHA-256 of its weights.</param>
/// <param name="ProvedAt">Updates at which that was known.</param>
public sealed record MarkGood(long Step, string WeightsHash, long ProvedAt) : CheckpointCommand;

public abstract record CheckpointReport : IRunInput;

/// <summary>Sent at the start of each life; nothing is being written.</summary>
public sealed record CheckpointerStarted : CheckpointReport;

/// <param name="WeightsHash">SHA-256 of its weights.</param>
/// <param name="Kept">Steps of all checkpoints on disk, newest first.</param>
public sealed record CheckpointSaved(long Number, long Step, string WeightsHash, IReadOnlyList<long> Kept) : CheckpointReport;

/// <summary>A save failed; earlier checkpoints are unchanged.</summary>
public sealed record CheckpointFailed(long Number, long Step, string Reason) : CheckpointReport
{
    /// <summary>Whether the disk is not at fault: the snapshot's bits have changed since the copy.</summary>
    public bool IsSnapshotDamaged { get; init; }
}
