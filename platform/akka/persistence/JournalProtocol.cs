using Akka.Actor;
using Akka.Event;

namespace Akka.Persistence;


/// <summary>Asks a journal to write a batch, in order.</summary>
public sealed class WriteMessages(IEnumerable<IPersistentEnvelope> messages, IActorRef persistentActor, int actorInstanceId)
    : IJournalRequest
{
    /// <summary>Atomic writes, and messages that only come back between them.</summary>
    public IEnumerable<IPersistentEnvelope> Messages { get; } = messages;

    /// <summary>To whom the answers go.</summary>
    public IActorRef PersistentActor { get; } = persistentActor;

    /// <summary>The incarnation that asks; the answers name it.</summary>
    public int ActorInstanceId { get; } = actorInstanceId;
}

/// <summary>The batch was written, save for what is rejected; comes before the answers to its parts.</summary>
public sealed class WriteMessagesSuccessful : IJournalResponse
{
    private WriteMessagesSuccessful()
    {
    }

    /// <summary>The only one.</summary>
    public static WriteMessagesSuccessful Instance { get; } = new();
}

/// <summary>The batch failed; comes before the answers to its parts.</summary>
public sealed class WriteMessagesFailed(Exception cause, int writeCount) : IJournalResponse
{
    /// <summary>What went wrong.</summary>
    public Exception Cause { get; } = cause;

    /// <summary>How many atomic writes there were.</summary>
    public int WriteCount { get; } = writeCount;
}

/// <summary>An event was written.</summary>
public sealed class WriteMessageSuccess(IPersistentRepresentation persistent, int actorInstanceId) : IJournalResponse
{
    /// <summary>The event.</summary>
    public IPersistentRepresentation Persistent { get; } = persistent;

    /// <summary>The incarnation that asked for it.</summary>
    public int ActorInstanceId { get; } = actorInstanceId;
}

/// <summary>An event was rejected: it was certainly not written.</summary>
public sealed class WriteMessageRejected(IPersistentRepresentation persistent, Exception cause, int actorInstanceId) : IJournalResponse
{
    /// <summary>The event.</summary>
    public IPersistentRepresentation Persistent { get; } = persistent;

    /// <summary>Why.</summary>
    public Exception Cause { get; } = cause;

    /// <summary>The incarnation that asked for it.</summary>
    public int ActorInstanceId { get; } = actorInstanceId;
}

/// <summary>Writing an event failed: it may or may not be there.</summary>
public sealed class WriteMessageFailure(IPersistentRepresentation persistent, Exception cause, int actorInstanceId) : IJournalResponse
{
    /// <summary>The event.</summary>
    public IPersistentRepresentation Persistent { get; } = persistent;

    /// <summary>What went wrong.</summary>
    public Exception Cause { get; } = cause;

    /// <summary>The incarnation that asked for it.</summary>
    public int ActorInstanceId { get; } = actorInstanceId;
}

/// <summary>A message that was not to be written comes back in its place.</summary>
public sealed class LoopMessageSuccess(object message, int actorInstanceId) : IJournalResponse
{
    /// <summary>The message.</summary>
    public object Message { get; } = message;

    /// <summary>The incarnation that sent it.</summary>
    public int ActorInstanceId { get; } = actorInstanceId;
}

/// <summary>Asks a journal for the events of a persistence id, in order.</summary>
public sealed class ReplayMessages(long fromSequenceNr, long toSequenceNr, long max, string persistenceId, IActorRef persistentActor)
    : IJournalRequest
{
    /// <summary>The first, inclusive.</summary>
    public long FromSequenceNr { get; } = fromSequenceNr;

    /// <summary>The last, inclusive.</summary>
    public long ToSequenceNr { get; } = toSequenceNr;

    /// <summary>At most so many.</summary>
    public long Max { get; } = max;

    /// <summary>Whose.</summary>
    public string PersistenceId { get; } = persistenceId;

    /// <summary>To whom they go.</summary>
    public IActorRef PersistentActor { get; } = persistentActor;
}

/// <summary>An event that was asked for.</summary>
public sealed class ReplayedMessage(IPersistentRepresentation persistent) : IJournalResponse, IDeadLetterSuppression
{
    /// <summary>The event.</summary>
    public IPersistentRepresentation Persistent { get; } = persistent;
}

/// <summary>All events that were asked for have been sent.</summary>
public sealed class RecoverySuccess(long highestSequenceNr) : IJournalResponse, IDeadLetterSuppression
{
    /// <summary>The highest sequence number that the journal knows for the persistence id.</summary>
    public long HighestSequenceNr { get; } = highestSequenceNr;
}

/// <summary>The events that were asked for could not all be read.</summary>
public sealed class ReplayMessagesFailure(Exception cause) : IJournalResponse, IDeadLetterSuppression
{
    /// <summary>What went wrong.</summary>
    public Exception Cause { get; } = cause;
}

/// <summary>Asks a journal to delete the events of a persistence id up to a sequence number.</summary>
public sealed class DeleteMessagesTo(string persistenceId, long toSequenceNr, IActorRef persistentActor) : IJournalRequest
{
    /// <summary>Whose.</summary>
    public string PersistenceId { get; } = persistenceId;

    /// <summary>The last, inclusive.</summary>
    public long ToSequenceNr { get; } = toSequenceNr;

    /// <summary>To whom the answer goes.</summary>
    public IActorRef PersistentActor { get; } = persistentActor;
}

/// <summary>Answer to <see cref="Eventsourced.DeleteMessages"/>: done.</summary>
public sealed class DeleteMessagesSuccess(long toSequenceNr) : IEquatable<DeleteMessagesSuccess>
{
    /// <summary>The last, inclusive.</summary>
    public long ToSequenceNr { get; } = toSequenceNr;

    /// <inheritdoc/>
    public bool Equals(DeleteMessagesSuccess other) => other is not null && ToSequenceNr == other.ToSequenceNr;

    /// <inheritdoc/>
    public override bool Equals(object obj) => Equals(obj as DeleteMessagesSuccess);

    /// <inheritdoc/>
    public override int GetHashCode() => ToSequenceNr.GetHashCode();
}

/// <summary>Answer to <see cref="Eventsourced.DeleteMessages"/>: it failed.</summary>
public sealed class DeleteMessagesFailure(Exception cause, long toSequenceNr) : INoSerializationVerificationNeeded
{
    /// <summary>What went wrong.</summary>
    public Exception Cause { get; } = cause;

    /// <summary>The last, inclusive.</summary>
    public long ToSequenceNr { get; } = toSequenceNr;
}
