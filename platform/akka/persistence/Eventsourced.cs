using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;

namespace Akka.Persistence;

/// <summary>What stashes commands while it persists.</summary>
public interface IPersistenceStash : IWithUnboundedStash
{
    /// <summary>What is done when commands exceed the stash's capacity.</summary>
    IStashOverflowStrategy InternalStashOverflowStrategy { get; }
}

/// <summary>An actor whose state is the sum of the events that it has persisted; after a start or restart it gets them back, in order,
/// before any command.</summary>
/// <remarks>This file has what the actor may ask for; the others of its name what it goes through.</remarks>
public abstract partial class Eventsourced : ActorBase, IPersistentIdentity, IPersistenceStash, IPersistenceRecovery
{
    private static int instances;
    private readonly int instanceId = Interlocked.Increment(ref instances);
    private readonly string writerGuid = Guid.NewGuid().ToString();
    private readonly Queue<PendingHandler> pending = new();
    private List<IPersistentEnvelope> batch = [];
    private IActorRef journal;
    private IActorRef snapshotStore;
    private int pendingStashing;
    private long sequenceNr;
    private bool writing;

    /// <summary>Starts the persistence of the actor system if need be.</summary>
    protected Eventsourced()
    {
        Extension = Persistence.Instance.Apply(Context.System);
        Log = Context.GetLogger();
        commandStash = new CommandStash((ActorCell)Context);
    }

    /// <summary>The persistence of the actor system.</summary>
    protected PersistenceExtension Extension { get; }

    /// <summary>The actor's log.</summary>
    protected virtual ILoggingAdapter Log { get; }

    /// <summary>The id under which its events are kept; no two living actors may have the same.</summary>
    public abstract string PersistenceId { get; }

    /// <summary>From where to where it recovers.</summary>
    public virtual Recovery Recovery => Recovery.Default;

    /// <inheritdoc/>
    public virtual IStashOverflowStrategy InternalStashOverflowStrategy => Extension.DefaultInternalStashOverflowStrategy;

    /// <summary>The actor's own stash; that of commands that wait for the journal is another.</summary>
    public IStash Stash
    {
        get => userStash;
        set => userStash = value is null ? null : new UserStash(value, commandStash);
    }

    /// <inheritdoc/>
    public string JournalPluginId { get; protected set; }

    /// <inheritdoc/>
    public string SnapshotPluginId { get; protected set; }

    /// <summary>Its journal.</summary>
    public IActorRef Journal => journal ??= Extension.JournalFor(JournalPluginId);

    /// <summary>Its snapshot store.</summary>
    public IActorRef SnapshotStore => snapshotStore ??= Extension.SnapshotStoreFor(SnapshotPluginId);

    /// <summary>The id under which its snapshots are kept.</summary>
    public string SnapshotterId => PersistenceId;

    /// <summary>Whether it gets its state back now.</summary>
    public bool IsRecovering => phase < Phase.Processing;

    /// <summary>Whether it has its state and takes commands.</summary>
    public bool IsRecoveryFinished => !IsRecovering;

    /// <summary>The number of the last event that it has persisted or got back; 0 if there is none.</summary>
    public long LastSequenceNr { get; private set; }

    /// <summary>The number under which a snapshot of the current state is saved.</summary>
    public long SnapshotSequenceNr => LastSequenceNr;

    /// <summary>Handles a snapshot offer, an event that comes back, or <see cref="RecoveryCompleted"/>; false where it does not know
    /// it.</summary>
    protected abstract bool ReceiveRecover(object message);

    /// <summary>Handles a command; false where it does not know it.</summary>
    protected abstract bool ReceiveCommand(object message);

    /// <summary>Persists an event, then calls the handler with it. No command is handled in between; the sender in the handler is the
    /// command's.</summary>
    /// <exception cref="InvalidOperationException">The actor recovers.</exception>
    public void Persist<TEvent>(TEvent @event, Action<TEvent> handler)
    {
        Enlist(@event, handler, stashing: true);
        batch.Add(new AtomicWrite(Represent(@event)) { CommandSender = Sender });
    }

    /// <summary>Persists events all or none, then calls the handler with each, in order. No command is handled in between.</summary>
    /// <exception cref="InvalidOperationException">The actor recovers.</exception>
    public void PersistAll<TEvent>(IEnumerable<TEvent> events, Action<TEvent> handler) => PersistTogether(events, handler, stashing: true);

    /// <summary>Persists an event, then calls the handler with it. Commands are handled in between.</summary>
    /// <exception cref="InvalidOperationException">The actor recovers.</exception>
    public void PersistAsync<TEvent>(TEvent @event, Action<TEvent> handler)
    {
        Enlist(@event, handler, stashing: false);
        batch.Add(new AtomicWrite(Represent(@event)) { CommandSender = Sender });
    }

    /// <summary>Persists events all or none, then calls the handler with each, in order. Commands are handled in between.</summary>
    /// <exception cref="InvalidOperationException">The actor recovers.</exception>
    public void PersistAllAsync<TEvent>(IEnumerable<TEvent> events, Action<TEvent> handler) =>
        PersistTogether(events, handler, stashing: false);

    /// <summary>Calls the handler after the handlers of all events that are being persisted; at once if there are none. Nothing is
    /// persisted.</summary>
    /// <exception cref="InvalidOperationException">The actor recovers.</exception>
    public void DeferAsync<TEvent>(TEvent evt, Action<TEvent> handler)
    {
        if (!IsRecovering && pending.Count == 0)
        {
            handler(evt);
            return;
        }

        Enlist(evt, handler, stashing: false);
        batch.Add(new NonPersistentMessage(evt, Sender));
    }

    /// <summary>Asks for a snapshot; a <see cref="SnapshotOffer"/> comes.</summary>
    public void LoadSnapshot(string persistenceId, SnapshotSelectionCriteria criteria, long toSequenceNr) =>
        SnapshotStore.Tell(new LoadSnapshot(persistenceId, criteria, toSequenceNr));

    /// <summary>Saves a snapshot of the current state; <see cref="SaveSnapshotSuccess"/> or <see cref="SaveSnapshotFailure"/>
    /// comes.</summary>
    public void SaveSnapshot(object snapshot) =>
        SnapshotStore.Tell(new SaveSnapshot(new SnapshotMetadata(SnapshotterId, SnapshotSequenceNr, DateTime.MinValue), snapshot));

    /// <summary>Deletes one snapshot; <see cref="DeleteSnapshotSuccess"/> or <see cref="DeleteSnapshotFailure"/> comes.</summary>
    public void DeleteSnapshot(long sequenceNr) => SnapshotStore.Tell(new DeleteSnapshot(new SnapshotMetadata(SnapshotterId, sequenceNr, DateTime.MinValue)));

    /// <summary>Deletes the snapshots that fit; <see cref="DeleteSnapshotsSuccess"/> or <see cref="DeleteSnapshotsFailure"/>
    /// comes.</summary>
    public void DeleteSnapshots(SnapshotSelectionCriteria criteria) => SnapshotStore.Tell(new DeleteSnapshots(SnapshotterId, criteria));

    /// <summary>Deletes the events up to a number, inclusive; <see cref="DeleteMessagesSuccess"/> or <see cref="DeleteMessagesFailure"/>
    /// comes.</summary>
    public void DeleteMessages(long toSequenceNr) => Journal.Tell(new DeleteMessagesTo(PersistenceId, toSequenceNr, Self));

    /// <summary>Called when all events have come back.</summary>
    protected virtual void OnReplaySuccess()
    {
    }

    /// <summary>Called when recovery fails, here with a line in the log; then the actor stops.</summary>
    /// <param name="reason">What went wrong.</param>
    /// <param name="message">The event at which it went wrong, if it was one.</param>
    protected virtual void OnRecoveryFailure(Exception reason, object message = null)
    {
        if (message is null)
            Log.Error(reason, "Persistence failure when replaying events for persistenceId [{0}]. Last known sequence number [{1}]",
                PersistenceId, LastSequenceNr);
        else
            Log.Error(reason, "Exception in ReceiveRecover when replaying event type [{0}] with sequence number [{1}] for persistenceId [{2}]", message.GetType(), LastSequenceNr, PersistenceId);
    }

    /// <summary>Called when persisting fails, here with a line in the log; then the actor stops, because it is unknown whether the event
    /// is there.</summary>
    protected virtual void OnPersistFailure(Exception cause, object @event, long sequenceNr) =>
        Log.Error(cause, "Failed to persist event type [{0}] with sequence number [{1}] for persistenceId [{2}].", @event.GetType(),
            sequenceNr, PersistenceId);

    /// <summary>Called when the journal rejects an event, here with a line in the log; the event is not there, its handler is not called,
    /// the actor goes on.</summary>
    protected virtual void OnPersistRejected(Exception cause, object @event, long sequenceNr) => Log.Error(
        cause, "Rejected to persist event type [{0}] with sequence number [{1}] for persistenceId [{2}] due to [{3}].", @event.GetType(), sequenceNr, PersistenceId, cause.Message);

    private void PersistTogether<TEvent>(IEnumerable<TEvent> events, Action<TEvent> handler, bool stashing)
    {
        var all = ImmutableArray.CreateBuilder<IPersistentRepresentation>();
        foreach (var @event in events ?? [])
        {
            Enlist(@event, handler, stashing);
            all.Add(Represent(@event));
        }

        if (all.Count > 0)
            batch.Add(new AtomicWrite(all.DrainToImmutable()) { CommandSender = Sender });
    }

    private Persistent Represent(object @event) => new(@event, ++sequenceNr, PersistenceId, writerGuid: writerGuid);

    private void Enlist<TEvent>(TEvent @event, Action<TEvent> handler, bool stashing)
    {
        if (IsRecovering)
            throw new InvalidOperationException("Cannot persist during replay. Events can be persisted when receiving RecoveryCompleted or later.");
        pending.Enqueue(new PendingHandler<TEvent>(handler, stashing));
        if (stashing)
            pendingStashing++;
    }

    /// <summary>What waits for an event to come back from the journal.</summary>
    private abstract class PendingHandler(bool stashing)
    {
        public bool Stashing => stashing;

        public abstract void Handle(object @event);
    }

    private sealed class PendingHandler<TEvent>(Action<TEvent> handler, bool stashing) : PendingHandler(stashing)
    {
        public override void Handle(object @event) => handler((TEvent)@event);
    }
}
