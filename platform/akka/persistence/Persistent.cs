using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Persistence;

/// <summary>What a persistent actor sends to its journal in one batch: events to write, or a message that only comes back in their
/// order.</summary>
public interface IPersistentEnvelope
{
    /// <summary>The events, or the message.</summary>
    object Payload { get; }

    /// <summary>The sender of the command from which it comes.</summary>
    IActorRef Sender { get; }

    /// <summary>How many messages come back for it.</summary>
    int Size { get; }
}

/// <summary>An event as a journal keeps it.</summary>
public interface IPersistentRepresentation : Serialization.IMessage
{
    /// <summary>The event.</summary>
    object Payload { get; }

    /// <summary>What an event adapter needs to read it again, or empty.</summary>
    string Manifest { get; }

    /// <summary>The id of the actor that wrote it.</summary>
    string PersistenceId { get; }

    /// <summary>Its number within that id, from 1.</summary>
    long SequenceNr { get; }

    /// <summary>When it was written, in UTC ticks; 0 before that.</summary>
    long Timestamp { get; }

    /// <summary>The incarnation of the actor that wrote it.</summary>
    string WriterGuid { get; }

    /// <summary>Whether it is marked as deleted.</summary>
    bool IsDeleted { get; }

    /// <summary>The sender of the command from which it comes; none after replay.</summary>
    IActorRef Sender { get; }

    /// <summary>A copy with another event.</summary>
    IPersistentRepresentation WithPayload(object payload);

    /// <summary>A copy with another manifest.</summary>
    IPersistentRepresentation WithManifest(string manifest);

    /// <summary>A copy with another timestamp, in UTC ticks.</summary>
    IPersistentRepresentation WithTimestamp(long timestamp);

    /// <summary>A copy with other values for what identifies it.</summary>
    IPersistentRepresentation Update(long sequenceNr, string persistenceId, bool isDeleted, IActorRef sender, string writerGuid);
}

/// <summary>The plain form of <see cref="IPersistentRepresentation"/>.</summary>
/// <param name="payload">The event.</param>
/// <param name="sequenceNr">Its number within the persistence id, from 1.</param>
/// <param name="persistenceId">The id of the actor that writes it.</param>
/// <param name="manifest">What an event adapter needs to read it again.</param>
/// <param name="isDeleted">Whether it is marked as deleted.</param>
/// <param name="sender">The sender of the command from which it comes.</param>
/// <param name="writerGuid">The incarnation of the actor that writes it.</param>
/// <param name="timestamp">When it was written, in UTC ticks.</param>
public class Persistent(
    object payload, long sequenceNr = 0L, string persistenceId = null, string manifest = null, bool isDeleted = false, IActorRef sender = null,
    string writerGuid = null, long timestamp = 0L) : IPersistentRepresentation, IEquatable<IPersistentRepresentation>
{
    /// <summary>Stands for a text that is not given.</summary>
    public static string Undefined { get; } = string.Empty;

    /// <inheritdoc/>
    public object Payload { get; } = payload;

    /// <inheritdoc/>
    public long SequenceNr { get; } = sequenceNr;

    /// <inheritdoc/>
    public string PersistenceId { get; } = persistenceId ?? Undefined;

    /// <inheritdoc/>
    public string Manifest { get; } = manifest ?? Undefined;

    /// <inheritdoc/>
    public bool IsDeleted { get; } = isDeleted;

    /// <inheritdoc/>
    public IActorRef Sender { get; } = sender;

    /// <inheritdoc/>
    public string WriterGuid { get; } = writerGuid ?? Undefined;

    /// <inheritdoc/>
    public long Timestamp { get; private set; } = timestamp;

    /// <inheritdoc/>
    public IPersistentRepresentation WithPayload(object payload) =>
        new Persistent(payload, SequenceNr, PersistenceId, Manifest, IsDeleted, Sender, WriterGuid, Timestamp);

    /// <inheritdoc/>
    public IPersistentRepresentation WithManifest(string manifest) =>
        Manifest == manifest ? this : new Persistent(Payload, SequenceNr, PersistenceId, manifest, IsDeleted, Sender, WriterGuid,
            Timestamp);

    /// <inheritdoc/>
    public IPersistentRepresentation WithTimestamp(long timestamp) =>
        Timestamp == timestamp ? this : new Persistent(Payload, SequenceNr, PersistenceId, Manifest, IsDeleted, Sender, WriterGuid,
            timestamp);

    /// <inheritdoc/>
    public IPersistentRepresentation Update(long sequenceNr, string persistenceId, bool isDeleted, IActorRef sender, string writerGuid) =>
        new Persistent(Payload, sequenceNr, persistenceId, Manifest, isDeleted, sender, writerGuid, Timestamp);

    /// <summary>The event as a store in this process keeps it: with the time, and without the sender.</summary>
    /// <remarks>Events of persistent actors have neither yet and belong to nobody else, so they need no copy.</remarks>
    internal static IPersistentRepresentation Stamp(IPersistentRepresentation @event, long now)
    {
        if (@event.GetType() != typeof(Persistent) || @event is not Persistent { Timestamp: 0 } own)
            return @event.WithTimestamp(now);
        own.Timestamp = now;
        return own;
    }

    /// <inheritdoc/>
    public bool Equals(IPersistentRepresentation other) =>
        other is not null && SequenceNr == other.SequenceNr && PersistenceId == other.PersistenceId && WriterGuid == other.WriterGuid
            && Manifest == other.Manifest
        && IsDeleted == other.IsDeleted && Equals(Payload, other.Payload) && Equals(Sender, other.Sender);

    /// <inheritdoc/>
    public override bool Equals(object obj) => Equals(obj as IPersistentRepresentation);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(PersistenceId, SequenceNr, WriterGuid);

    /// <inheritdoc/>
    public override string ToString() =>
        $"Persistent<pid: {PersistenceId}, seqNr: {SequenceNr}, deleted: {IsDeleted}, manifest: {Manifest}, writerGuid: {WriterGuid}, payload: {Payload}>";
}

/// <summary>Events of one persistence id that are written all or none.</summary>
public sealed class AtomicWrite : IPersistentEnvelope, Serialization.IMessage
{
    // Most writes have one event: it needs no list until somebody asks for one.
    private readonly IPersistentRepresentation first;
    private IImmutableList<IPersistentRepresentation> events;

    /// <summary>One event.</summary>
    public AtomicWrite(IPersistentRepresentation @event)
    {
        first = @event ?? throw new ArgumentNullException(nameof(@event));
        Size = 1;
    }

    /// <summary>Several events.</summary>
    /// <exception cref="ArgumentException">There is none, or they have different persistence ids.</exception>
    public AtomicWrite(IImmutableList<IPersistentRepresentation> payload)
    {
        if (payload is null || payload.Count == 0)
            throw new ArgumentException("An atomic write needs at least one event.", nameof(payload));
        (first, events, Size) = (payload[0], payload, payload.Count);
        for (var index = 1; index < Size; index++)
        {
            if (payload[index].PersistenceId != PersistenceId)
                throw new ArgumentException($"An atomic write needs events of one persistence id; it has '{PersistenceId}' and '{payload[index].PersistenceId}'.", nameof(payload));
        }
    }

    /// <summary>The events, as <c>IImmutableList&lt;IPersistentRepresentation&gt;</c>.</summary>
    public object Payload => events ??= ImmutableArray.Create(first);

    /// <inheritdoc/>
    public IActorRef Sender => ActorRefs.NoSender;

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>The id that all its events have.</summary>
    public string PersistenceId => first.PersistenceId;

    /// <summary>The sequence number of its first event.</summary>
    public long LowestSequenceNr => first.SequenceNr;

    /// <summary>The sequence number of its last event.</summary>
    public long HighestSequenceNr => this[Size - 1].SequenceNr;

    /// <summary>The sender of the command from which all its events come; kept here because events are stored without it.</summary>
    internal IActorRef CommandSender { get; init; }

    internal IPersistentRepresentation this[int index] => index == 0 ? first : events[index];

    /// <summary>Whether the other holds the same events.</summary>
    public bool Equals(AtomicWrite other) =>
        other is not null && Size == other.Size
            && ((IEnumerable<IPersistentRepresentation>)Payload).SequenceEqual((IEnumerable<IPersistentRepresentation>)other.Payload);

    /// <inheritdoc/>
    public override bool Equals(object obj) => Equals(obj as AtomicWrite);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(PersistenceId, LowestSequenceNr, HighestSequenceNr);

    /// <inheritdoc/>
    public override string ToString() => $"AtomicWrite<pid: {PersistenceId}, seqNrs: {LowestSequenceNr}..{HighestSequenceNr}>";
}

/// <summary>A message that is not written but comes back after the events that were sent before it.</summary>
internal sealed class NonPersistentMessage(object payload, IActorRef sender) : IPersistentEnvelope
{
    public object Payload { get; } = payload;

    public IActorRef Sender { get; } = sender;

    public int Size => 1;
}
