using Akka.Actor;

namespace Akka.Persistence;

/// <summary>What identifies a snapshot.</summary>
/// <param name="persistenceId">Whose state it is.</param>
/// <param name="sequenceNr">Of the last event that it includes.</param>
/// <param name="timestamp">When it was saved, in UTC.</param>
public sealed class SnapshotMetadata(string persistenceId, long sequenceNr, DateTime timestamp) : IEquatable<SnapshotMetadata>
{
    /// <summary>Stands for a time that is not given.</summary>
    public static readonly DateTime TimestampNotSpecified = DateTime.MinValue;

    /// <summary>Whose state it is.</summary>
    public string PersistenceId { get; } = persistenceId;

    /// <summary>Of the last event that it includes.</summary>
    public long SequenceNr { get; } = sequenceNr;

    /// <summary>When it was saved, in UTC.</summary>
    public DateTime Timestamp { get; } = timestamp;

    /// <inheritdoc/>
    public bool Equals(SnapshotMetadata other) =>
        other is not null && PersistenceId == other.PersistenceId && SequenceNr == other.SequenceNr && Timestamp == other.Timestamp;

    /// <inheritdoc/>
    public override bool Equals(object obj) => Equals(obj as SnapshotMetadata);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(PersistenceId, SequenceNr, Timestamp);

    /// <inheritdoc/>
    public override string ToString() =>
        $"SnapshotMetadata<pid: {PersistenceId}, seqNr: {SequenceNr}, timestamp: {Timestamp:yyyy/MM/dd HH:mm:ss}>";
}

/// <summary>Which snapshots are meant; all bounds are inclusive.</summary>
/// <param name="maxSequenceNr">The highest sequence number.</param>
/// <param name="maxTimeStamp">The latest time, in UTC.</param>
/// <param name="minSequenceNr">The lowest sequence number.</param>
/// <param name="minTimestamp">The earliest time, in UTC; null: any.</param>
public sealed class SnapshotSelectionCriteria(long maxSequenceNr, DateTime maxTimeStamp, long minSequenceNr = 0L,
    DateTime? minTimestamp = null) : IEquatable<SnapshotSelectionCriteria>
{
    /// <summary>Up to a sequence number, of any time.</summary>
    public SnapshotSelectionCriteria(long maxSequenceNr)
        : this(maxSequenceNr, DateTime.MaxValue)
    {
    }

    /// <summary>The newest.</summary>
    public static SnapshotSelectionCriteria Latest { get; } = new(long.MaxValue, DateTime.MaxValue);

    /// <summary>None.</summary>
    public static SnapshotSelectionCriteria None { get; } = new(0L, DateTime.MinValue);

    /// <summary>The highest sequence number.</summary>
    public long MaxSequenceNr { get; } = maxSequenceNr;

    /// <summary>The latest time, in UTC.</summary>
    public DateTime MaxTimeStamp { get; } = maxTimeStamp;

    /// <summary>The lowest sequence number.</summary>
    public long MinSequenceNr { get; } = minSequenceNr;

    /// <summary>The earliest time, in UTC.</summary>
    public DateTime? MinTimestamp { get; } = minTimestamp ?? DateTime.MinValue;

    internal SnapshotSelectionCriteria UpTo(long toSequenceNr) =>
        toSequenceNr < MaxSequenceNr ? new SnapshotSelectionCriteria(toSequenceNr, MaxTimeStamp, MinSequenceNr, MinTimestamp) : this;

    internal bool Includes(SnapshotMetadata metadata) =>
        metadata.SequenceNr <= MaxSequenceNr && metadata.Timestamp <= MaxTimeStamp && metadata.SequenceNr >= MinSequenceNr
            && metadata.Timestamp >= MinTimestamp;

    /// <inheritdoc/>
    public bool Equals(SnapshotSelectionCriteria other) =>
        other is not null && MaxSequenceNr == other.MaxSequenceNr && MaxTimeStamp == other.MaxTimeStamp
            && MinSequenceNr == other.MinSequenceNr && MinTimestamp == other.MinTimestamp;

    /// <inheritdoc/>
    public override bool Equals(object obj) => Equals(obj as SnapshotSelectionCriteria);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(MaxSequenceNr, MaxTimeStamp, MinSequenceNr, MinTimestamp);

    /// <inheritdoc/>
    public override string ToString() =>
        $"SnapshotSelectionCriteria<maxSeqNr: {MaxSequenceNr}, maxTimestamp: {MaxTimeStamp:yyyy/MM/dd}, minSeqNr: {MinSequenceNr}, minTimestamp: {MinTimestamp:yyyy/MM/dd}>";
}

/// <summary>Offered to a persistent actor before the events that follow it.</summary>
public sealed class SnapshotOffer(SnapshotMetadata metadata, object snapshot)
{
    /// <summary>What identifies it.</summary>
    public SnapshotMetadata Metadata { get; } = metadata;

    /// <summary>The saved state.</summary>
    public object Snapshot { get; } = snapshot;
}

/// <summary>A snapshot that a store has found.</summary>
public sealed class SelectedSnapshot(SnapshotMetadata metadata, object snapshot)
{
    /// <summary>What identifies it.</summary>
    public SnapshotMetadata Metadata { get; } = metadata;

    /// <summary>The saved state.</summary>
    public object Snapshot { get; } = snapshot;
}

/// <summary>Asks a store for the newest snapshot that fits.</summary>
public sealed class LoadSnapshot(string persistenceId, SnapshotSelectionCriteria criteria, long toSequenceNr) : ISnapshotRequest
{
    /// <summary>Whose.</summary>
    public string PersistenceId { get; } = persistenceId;

    /// <summary>Which.</summary>
    public SnapshotSelectionCriteria Criteria { get; } = criteria;

    /// <summary>None beyond this sequence number.</summary>
    public long ToSequenceNr { get; } = toSequenceNr;
}

/// <summary>Answer to <see cref="LoadSnapshot"/>.</summary>
public sealed class LoadSnapshotResult(SelectedSnapshot snapshot, long toSequenceNr) : ISnapshotResponse
{
    /// <summary>What was found; null if nothing was.</summary>
    public SelectedSnapshot Snapshot { get; } = snapshot;

    /// <summary>As asked.</summary>
    public long ToSequenceNr { get; } = toSequenceNr;
}

/// <summary>Answer to <see cref="LoadSnapshot"/>: it could not be read.</summary>
public sealed class LoadSnapshotFailed(Exception cause) : ISnapshotResponse
{
    /// <summary>What went wrong.</summary>
    public Exception Cause { get; } = cause;
}

/// <summary>Asks a store to save a snapshot.</summary>
public sealed class SaveSnapshot(SnapshotMetadata metadata, object snapshot) : ISnapshotRequest
{
    /// <summary>What identifies it.</summary>
    public SnapshotMetadata Metadata { get; } = metadata;

    /// <summary>The state.</summary>
    public object Snapshot { get; } = snapshot;
}

/// <summary>Answer to <see cref="Eventsourced.SaveSnapshot"/>: done.</summary>
public sealed class SaveSnapshotSuccess(SnapshotMetadata metadata) : ISnapshotResponse
{
    /// <summary>What identifies it.</summary>
    public SnapshotMetadata Metadata { get; } = metadata;
}

/// <summary>Answer to <see cref="Eventsourced.SaveSnapshot"/>: it failed.</summary>
public sealed class SaveSnapshotFailure(SnapshotMetadata metadata, Exception cause) : ISnapshotResponse
{
    /// <summary>What identifies it.</summary>
    public SnapshotMetadata Metadata { get; } = metadata;

    /// <summary>What went wrong.</summary>
    public Exception Cause { get; } = cause;
}

/// <summary>Asks a store to delete one snapshot.</summary>
public sealed class DeleteSnapshot(SnapshotMetadata metadata) : ISnapshotRequest
{
    /// <summary>What identifies it.</summary>
    public SnapshotMetadata Metadata { get; } = metadata;
}

/// <summary>Answer to <see cref="Eventsourced.DeleteSnapshot"/>: done.</summary>
public sealed class DeleteSnapshotSuccess(SnapshotMetadata metadata) : ISnapshotResponse
{
    /// <summary>What identifies it.</summary>
    public SnapshotMetadata Metadata { get; } = metadata;
}

/// <summary>Answer to <see cref="Eventsourced.DeleteSnapshot"/>: it failed.</summary>
public sealed class DeleteSnapshotFailure(SnapshotMetadata metadata, Exception cause) : ISnapshotResponse
{
    /// <summary>What identifies it.</summary>
    public SnapshotMetadata Metadata { get; } = metadata;

    /// <summary>What went wrong.</summary>
    public Exception Cause { get; } = cause;
}

/// <summary>Asks a store to delete the snapshots that fit.</summary>
public sealed class DeleteSnapshots(string persistenceId, SnapshotSelectionCriteria criteria) : ISnapshotRequest
{
    /// <summary>Whose.</summary>
    public string PersistenceId { get; } = persistenceId;

    /// <summary>Which.</summary>
    public SnapshotSelectionCriteria Criteria { get; } = criteria;
}

/// <summary>Answer to <see cref="Eventsourced.DeleteSnapshots"/>: done.</summary>
public sealed class DeleteSnapshotsSuccess(SnapshotSelectionCriteria criteria) : ISnapshotResponse
{
    /// <summary>Which.</summary>
    public SnapshotSelectionCriteria Criteria { get; } = criteria;
}

/// <summary>Answer to <see cref="Eventsourced.DeleteSnapshots"/>: it failed.</summary>
public sealed class DeleteSnapshotsFailure(SnapshotSelectionCriteria criteria, Exception cause) : ISnapshotResponse
{
    /// <summary>Which.</summary>
    public SnapshotSelectionCriteria Criteria { get; } = criteria;

    /// <summary>What went wrong.</summary>
    public Exception Cause { get; } = cause;
}
