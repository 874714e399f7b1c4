using System.Collections.Concurrent;
using Akka.Dispatch.SysMsg;
using Akka.Event;

namespace Akka.Actor;

/// <summary>A reference to an actor that is not there: what is sent to it is a dead letter, who watches it is told at once.</summary>
public class EmptyLocalActorRef : MinimalActorRef
{
    private readonly EventStream eventStream;

    /// <summary>For a path without an actor.</summary>
    public EmptyLocalActorRef(IActorRefProvider provider, ActorPath path, EventStream eventStream)
    {
        Provider = provider;
        Path = path;
        this.eventStream = eventStream;
    }

    /// <inheritdoc />
    public override ActorPath Path { get; }

    /// <inheritdoc />
    public override IActorRefProvider Provider { get; }

    /// <inheritdoc />
    public override bool IsTerminated => true;

    /// <inheritdoc />
    public override void SendSystemMessage(ISystemMessage message)
    {
        if (message is Watch watch)
            AnswerWatch(watch);
        else if (message is Failed or Create or Terminate or Dispatch.SysMsg.Suspend or Dispatch.SysMsg.Resume or Recreate)
            PublishDeadLetter(message, ActorRefs.NoSender);
    }

    /// <inheritdoc />
    protected override void TellInternal(object message, IActorRef sender)
    {
        if (message is null)
            throw new InvalidMessageException();
        if (message is DeadLetter letter)
            Handle(letter.Message, letter.Sender, letter);
        else
            Handle(message, sender, null);
    }

    private protected virtual void AnswerWatch(Watch watch)
    {
        if (watch.Watchee.Equals(this) && !watch.Watcher.Equals(this))
            watch.Watcher.SendSystemMessage(new DeathWatchNotification(watch.Watchee, existenceConfirmed: false, addressTerminated: false));
    }

    private protected virtual void Publish(AllDeadLetters letter) => eventStream.Publish(letter);

    private void Handle(object message, IActorRef sender, DeadLetter letter)
    {
        switch (message)
        {
            case Watch watch:
                AnswerWatch(watch);
                break;
            case Unwatch:
                break;
            case Identify identify:
                sender?.Tell(new ActorIdentity(identify.MessageId, null), this);
                break;
            case ActorSelectionMessage { Message: Identify identify, WildCardFanOut: false }:
                sender?.Tell(new ActorIdentity(identify.MessageId, null), this);
                break;
            case ActorSelectionMessage selection:
                if (!selection.WildCardFanOut)
                    PublishDeadLetter(selection.Message, sender);
                break;
            default:
                if (letter is not null && message is not IDeadLetterSuppression)
                    Publish(letter);
                else
                    PublishDeadLetter(message, sender);
                break;
        }
    }

    private void PublishDeadLetter(object message, IActorRef sender)
    {
        if (message is IDeadLetterSuppression suppressed)
            Publish(new SuppressedDeadLetter(suppressed, sender ?? Provider.DeadLetters, this));
        else
            Publish(new DeadLetter(message, sender ?? Provider.DeadLetters, this));
    }
}

/// <summary>Where messages go whose actor is gone.</summary>
public sealed class DeadLetterActorRef : EmptyLocalActorRef
{
    /// <summary>For the dead letters of a system.</summary>
    public DeadLetterActorRef(IActorRefProvider provider, ActorPath path, EventStream eventStream) : base(provider, path, eventStream)
    {
    }

    /// <inheritdoc />
    public override bool IsTerminated => false;

    private protected override void AnswerWatch(Watch watch)
    {
        // A watch that was on its way to an actor that has ended comes here; a watch of the dead letters themselves has no answer.
        if (!watch.Watchee.Equals(this) && !watch.Watcher.Equals(this))
            watch.Watcher.SendSystemMessage(new DeathWatchNotification(watch.Watchee, existenceConfirmed: false, addressTerminated: false));
    }
}

/// <summary>A place in the tree for references that have no parent actor.</summary>
public class VirtualPathContainer : MinimalActorRef
{
    private readonly ConcurrentDictionary<string, IInternalActorRef> children = new(StringComparer.Ordinal);

    /// <summary>At a path.</summary>
    public VirtualPathContainer(IActorRefProvider provider, ActorPath path, IInternalActorRef parent)
    {
        Provider = provider;
        Path = path;
        Parent = parent;
    }

    /// <inheritdoc />
    public override ActorPath Path { get; }

    /// <inheritdoc />
    public override IInternalActorRef Parent { get; }

    /// <inheritdoc />
    public override IActorRefProvider Provider { get; }

    /// <inheritdoc />
    public override IActorRef GetChild(IReadOnlyList<string> name)
    {
        if (name.Count == 0 || name[0].Length == 0)
            return this;
        if (!children.TryGetValue(name[0].Split('#')[0], out var child))
            return Nobody.Instance;
        return name.Count == 1 ? child : child.GetChild([.. name.Skip(1)]);
    }

    internal void AddChild(string name, IInternalActorRef actor) => children[name] = actor;

    internal void RemoveChild(string name) => children.TryRemove(name, out _);
}

/// <summary>A reference that calls a function with every message; it may be watched and may watch.</summary>
public sealed class FunctionRef : MinimalActorRef
{
    private readonly Action<IActorRef, object> tell;
    private readonly Lock gate = new();
    private readonly HashSet<IActorRef> watching = [];
    private readonly HashSet<IInternalActorRef> watchedBy = [];
    private bool stopped;

    internal FunctionRef(ActorPath path, IActorRefProvider provider, Action<IActorRef, object> tell)
    {
        Path = path;
        Provider = provider;
        this.tell = tell;
    }

    /// <inheritdoc />
    public override ActorPath Path { get; }

    /// <inheritdoc />
    public override IActorRefProvider Provider { get; }

    /// <inheritdoc />
    public override bool IsTerminated => stopped;

    /// <summary>Whether it watches an actor.</summary>
    public bool IsWatching(IActorRef actorRef)
    {
        lock (gate)
            return watching.Contains(actorRef);
    }

    /// <summary>Calls the function with a <see cref="Terminated"/> when the actor ends.</summary>
    public void Watch(IActorRef actorRef)
    {
        lock (gate)
            watching.Add(actorRef);
        ((IInternalActorRef)actorRef).SendSystemMessage(new Watch((IInternalActorRef)actorRef, this));
    }

    /// <summary>Watches no more.</summary>
    public void Unwatch(IActorRef actorRef)
    {
        lock (gate)
            watching.Remove(actorRef);
        ((IInternalActorRef)actorRef).SendSystemMessage(new Unwatch((IInternalActorRef)actorRef, this));
    }

    /// <inheritdoc />
    public override void SendSystemMessage(ISystemMessage message)
    {
        switch (message)
        {
            case Watch watch when watch.Watchee.Equals(this):
                bool gone;
                lock (gate)
                {
                    gone = stopped;
                    if (!gone)
                        watchedBy.Add(watch.Watcher);
                }
                if (gone)
                    watch.Watcher.SendSystemMessage(new DeathWatchNotification(this, existenceConfirmed: true, addressTerminated: false));
                break;
            case Unwatch unwatch when unwatch.Watchee.Equals(this):
                lock (gate)
                    watchedBy.Remove(unwatch.Watcher);
                break;
            case DeathWatchNotification death:
                bool watched;
                lock (gate)
                    watched = watching.Remove(death.Actor);
                if (watched)
                    tell(ActorRefs.NoSender, new Terminated(death.Actor, death.ExistenceConfirmed, death.AddressTerminated));
                break;
        }
    }

    /// <inheritdoc />
    public override void Stop()
    {
        List<IInternalActorRef> watchers;
        List<IActorRef> watched;
        lock (gate)
        {
            if (stopped)
                return;
            stopped = true;
            watchers = [.. watchedBy];
            watched = [.. watching];
        }
        foreach (var watcher in watchers)
            watcher.SendSystemMessage(new DeathWatchNotification(this, existenceConfirmed: true, addressTerminated: false));
        foreach (var actor in watched)
            Unwatch(actor);
    }

    /// <inheritdoc />
    protected override void TellInternal(object message, IActorRef sender) => tell(sender, message);
}
