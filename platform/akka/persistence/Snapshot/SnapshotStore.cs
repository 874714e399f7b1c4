using Akka.Actor;
using Akka.Pattern;

namespace Akka.Persistence.Snapshot;

/// <summary>A snapshot store as an actor; what it is kept in, subclasses say.</summary>
/// <remarks>Calls to the store are made one after the other, behind a circuit breaker; they may end in any order.</remarks>
public abstract class SnapshotStore : ActorBase
{
    private readonly CircuitBreaker breaker;

    /// <summary>Reads the configuration of the plugin that it is.</summary>
    protected SnapshotStore() => breaker = PluginBreaker.Create(Context.System, Persistence.Instance.Apply(Context.System).ConfigFor(Self));

    /// <summary>The newest snapshot of a persistence id that fits; null if none does.</summary>
    protected abstract Task<SelectedSnapshot> LoadAsync(string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken);

    /// <summary>Saves a snapshot.</summary>
    protected abstract Task SaveAsync(SnapshotMetadata metadata, object snapshot, CancellationToken cancellationToken);

    /// <summary>Deletes the snapshot with the sequence number and, if one is given, not after the time.</summary>
    protected abstract Task DeleteAsync(SnapshotMetadata metadata, CancellationToken cancellationToken);

    /// <summary>Deletes the snapshots of a persistence id that fit.</summary>
    protected abstract Task DeleteAsync(string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken);

    /// <summary>Handles messages that are not the store's; false where it does not know one.</summary>
    protected virtual bool ReceivePluginInternal(object message) => false;

    /// <inheritdoc/>
    protected sealed override bool Receive(object message)
    {
        switch (message)
        {
            case LoadSnapshot load when load.Criteria.Equals(SnapshotSelectionCriteria.None):
                Sender.Tell(new LoadSnapshotResult(null, load.ToSequenceNr), Self);
                return true;
            case LoadSnapshot load:
                _ = LoadAsync(load, Sender, Self);
                return true;
            case SaveSnapshot save:
                var metadata = new SnapshotMetadata(save.Metadata.PersistenceId, save.Metadata.SequenceNr,
                    save.Metadata.Timestamp == DateTime.MinValue ? DateTime.UtcNow : save.Metadata.Timestamp);
                _ = DoAsync(
                    canceled => SaveAsync(metadata, save.Snapshot, canceled), new SaveSnapshotSuccess(metadata),
                    cause => new SaveSnapshotFailure(metadata, cause), Sender, Self);
                return true;
            case DeleteSnapshot delete:
                _ = DoAsync(
                    canceled => DeleteAsync(delete.Metadata, canceled), new DeleteSnapshotSuccess(delete.Metadata),
                    cause => new DeleteSnapshotFailure(delete.Metadata, cause), Sender, Self);
                return true;
            case DeleteSnapshots delete:
                _ = DoAsync(
                    canceled => DeleteAsync(delete.PersistenceId, delete.Criteria, canceled), new DeleteSnapshotsSuccess(delete.Criteria),
                    cause => new DeleteSnapshotsFailure(delete.Criteria, cause), Sender, Self);
                return true;
            default:
                return ReceivePluginInternal(message);
        }
    }

    private async Task LoadAsync(LoadSnapshot load, IActorRef sender, IActorRef self)
    {
        object answer;
        try
        {
            var criteria = load.Criteria.UpTo(load.ToSequenceNr);
            var found = await breaker.WithCircuitBreaker(canceled => LoadAsync(load.PersistenceId, criteria, canceled)).ConfigureAwait(false);
            answer = new LoadSnapshotResult(found, load.ToSequenceNr);
        }
        catch (Exception failure)
        {
            answer = new LoadSnapshotFailed(PluginBreaker.Unwrap(failure));
        }

        sender.Tell(answer, self);
    }

    private async Task DoAsync(Func<CancellationToken, Task> work, object success, Func<Exception, object> failed, IActorRef sender, IActorRef self)
    {
        var answer = success;
        try
        {
            await breaker.WithCircuitBreaker(work).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            answer = failed(PluginBreaker.Unwrap(failure));
        }

        sender.Tell(answer, self);
    }
}
