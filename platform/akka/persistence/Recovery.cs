using Akka.Actor;

namespace Akka.Persistence;

/// <summary>How a persistent actor recovers its state: from which snapshot, up to which event.</summary>
/// <param name="fromSnapshot">Which snapshots may be offered; null: the newest.</param>
/// <param name="toSequenceNr">The last event to replay, inclusive.</param>
/// <param name="replayMax">At most so many events.</param>
public sealed class Recovery(SnapshotSelectionCriteria fromSnapshot = null, long toSequenceNr = long.MaxValue,
    long replayMax = long.MaxValue)
{
    /// <summary>The newest snapshot and all events after it.</summary>
    public Recovery()
        : this(null)
    {
    }

    /// <summary>A snapshot and all events after it.</summary>
    public Recovery(SnapshotSelectionCriteria fromSnapshot)
        : this(fromSnapshot, long.MaxValue)
    {
    }

    /// <summary>A snapshot and the events after it up to a sequence number.</summary>
    public Recovery(SnapshotSelectionCriteria fromSnapshot, long toSequenceNr)
        : this(fromSnapshot, toSequenceNr, long.MaxValue)
    {
    }

    /// <summary>The newest snapshot and all events after it.</summary>
    public static Recovery Default { get; } = new(SnapshotSelectionCriteria.Latest);

    /// <summary>Nothing is replayed; only the highest sequence number is read.</summary>
    public static Recovery None { get; } = new(SnapshotSelectionCriteria.None, 0L);

    /// <summary>Which snapshots may be offered.</summary>
    public SnapshotSelectionCriteria FromSnapshot { get; } = fromSnapshot ?? SnapshotSelectionCriteria.Latest;

    /// <summary>The last event to replay, inclusive.</summary>
    public long ToSequenceNr { get; } = toSequenceNr;

    /// <summary>At most so many events.</summary>
    public long ReplayMax { get; } = replayMax;
}

/// <summary>Sent to a persistent actor after the last replayed event and before the first command.</summary>
public sealed class RecoveryCompleted
{
    /// <summary>The only one.</summary>
    public static readonly RecoveryCompleted Instance = new();

    private RecoveryCompleted()
    {
    }

    /// <inheritdoc/>
    public override string ToString() => nameof(RecoveryCompleted);
}

/// <summary>Neither a snapshot nor an event came within <c>recovery-event-timeout</c>.</summary>
public sealed class RecoveryTimedOutException(string message, Exception cause = null) : AkkaException(message, cause);

/// <summary>Tells a recovering actor to see whether recovery goes on.</summary>
/// <param name="snapshot">Whether the snapshot is waited for, and not events.</param>
public sealed class RecoveryTick(bool snapshot)
{
    /// <summary>Whether the snapshot is waited for, and not events.</summary>
    public bool Snapshot { get; } = snapshot;
}

/// <summary>What has persistent identity.</summary>
public interface IPersistentIdentity
{
    /// <summary>The id under which its events are kept.</summary>
    string PersistenceId { get; }

    /// <summary>The configuration path of its journal; empty or null: the default one.</summary>
    string JournalPluginId { get; }

    /// <summary>The configuration path of its snapshot store; empty or null: the default one.</summary>
    string SnapshotPluginId { get; }
}

/// <summary>What says how it recovers.</summary>
public interface IPersistenceRecovery
{
    /// <summary>How it recovers.</summary>
    Recovery Recovery { get; }
}
