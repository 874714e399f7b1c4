using Akka.Dispatch.SysMsg;

namespace Akka.Actor;

/// <summary>Who is watched and who watches.</summary>
public sealed partial class ActorCell
{
    private static readonly object NoMessage = new();

    /// <summary>Who is watched, with the message to get instead of a <see cref="Terminated"/>.</summary>
    private Dictionary<IActorRef, object> watching;

    /// <summary>Whose <see cref="Terminated"/> is in the mailbox, with the message to get instead of it.</summary>
    private Dictionary<IActorRef, object> terminatedQueued;

    private HashSet<IInternalActorRef> watchedBy;

    /// <inheritdoc />
    public IActorRef Watch(IActorRef subject) => Watch(subject, NoMessage);

    /// <inheritdoc />
    public IActorRef WatchWith(IActorRef subject, object message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Watch(subject, message);
    }

    /// <inheritdoc />
    public IActorRef Unwatch(IActorRef subject)
    {
        var watched = (IInternalActorRef)subject;
        if (!watched.Equals(self) && watching is not null && watching.Remove(watched))
            watched.SendSystemMessage(new Unwatch(watched, self));
        terminatedQueued?.Remove(watched);
        return subject;
    }

    /// <summary>Notes that a <see cref="Terminated"/> goes into the mailbox again, as when it was stashed.</summary>
    internal void TerminatedQueuedFor(IActorRef subject) => (terminatedQueued ??= [])[subject] = NoMessage;

    private IActorRef Watch(IActorRef subject, object message)
    {
        var watched = (IInternalActorRef)subject;
        if (watched.Equals(self))
            return subject;
        if (watching is not null && watching.TryGetValue(watched, out var before))
        {
            if (!Equals(before, message))
                throw new InvalidOperationException(
                    $"Watch({self}, {subject}) termination message was not overwritten from [{Name(before)}] to [{Name(message)}]. If this was intended, unwatch first before using Watch / WatchWith with another message.");
            return subject;
        }
        watched.SendSystemMessage(new Watch(watched, self));
        (watching ??= [])[watched] = message;
        return subject;

        static object Name(object termination) => ReferenceEquals(termination, NoMessage) ? "Terminated" : termination;
    }

    private void HandleWatch(Watch watch)
    {
        if (watch.Watchee.Equals(self) && !watch.Watcher.Equals(self))
            (watchedBy ??= []).Add(watch.Watcher);
    }

    private void HandleUnwatch(Unwatch unwatch) => watchedBy?.Remove(unwatch.Watcher);

    private void WatchedActorTerminated(DeathWatchNotification death)
    {
        if (watching is not null && watching.Remove(death.Actor, out var message) && children is not { IsDying: true })
        {
            (terminatedQueued ??= [])[death.Actor] = message;
            self.Tell(new Terminated(death.Actor, death.ExistenceConfirmed, death.AddressTerminated), death.Actor);
        }
        if (children is not null && children.TryGet(death.Actor, out _))
            HandleChildTerminated(death.Actor);
    }

    private void ReceivedTerminated(Terminated terminated)
    {
        if (terminatedQueued is null || !terminatedQueued.Remove(terminated.ActorRef, out var message))
            return;
        if (ReferenceEquals(message, NoMessage))
        {
            ReceiveMessage(terminated);
            return;
        }
        // What the actor stashes is what it was given.
        currentMessage = message;
        ReceiveMessage(message);
    }

    private void TellWatchers()
    {
        if (watchedBy is null)
            return;
        // The parent was told already.
        foreach (var watcher in watchedBy)
        {
            if (!watcher.Equals(ParentRef))
                watcher.SendSystemMessage(new DeathWatchNotification(self, existenceConfirmed: true, addressTerminated: false));
        }
        watchedBy = null;
    }

    private void UnwatchAll()
    {
        if (watching is not null)
        {
            foreach (var watched in watching.Keys.Cast<IInternalActorRef>())
                watched.SendSystemMessage(new Unwatch(watched, self));
        }
        watching = null;
        terminatedQueued = null;
    }
}
