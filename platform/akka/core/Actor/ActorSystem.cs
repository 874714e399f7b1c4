using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;

namespace Akka.Actor;

/// <summary>A tree of actors and all that they share.</summary>
public abstract class ActorSystem : IActorRefFactory, IDisposable
{
    /// <summary>The settings.</summary>
    public abstract Settings Settings { get; }

    /// <summary>The name.</summary>
    public abstract string Name { get; }

    /// <summary>Writing messages down.</summary>
    public abstract Serialization.Serialization Serialization { get; }

    /// <summary>Where events are published.</summary>
    public abstract EventStream EventStream { get; }

    /// <summary>Where messages go whose actor is gone.</summary>
    public abstract IActorRef DeadLetters { get; }

    /// <summary>Drops what it gets.</summary>
    public abstract IActorRef IgnoreRef { get; }

    /// <summary>The dispatchers.</summary>
    public abstract Dispatchers Dispatchers { get; }

    /// <summary>The mailboxes.</summary>
    public abstract Mailboxes Mailboxes { get; }

    /// <summary>Does things later.</summary>
    public abstract IScheduler Scheduler { get; }

    /// <summary>The log of the system.</summary>
    public abstract ILoggingAdapter Log { get; }

    /// <summary>Ends when the last actor has ended.</summary>
    public abstract Task WhenTerminated { get; }

    /// <summary>When the system began, since the process began to look.</summary>
    public abstract TimeSpan StartTime { get; }

    /// <summary>For how long the system has been there.</summary>
    public abstract TimeSpan Uptime { get; }

    /// <summary>A system with a configuration.</summary>
    public static ActorSystem Create(string name, Config config) => Create(name, BootstrapSetup.Create().WithConfig(config));

    /// <summary>A system with a setup.</summary>
    public static ActorSystem Create(string name, BootstrapSetup setup) => Create(name, ActorSystemSetup.Create(setup));

    /// <summary>A system with setups.</summary>
    public static ActorSystem Create(string name, ActorSystemSetup setup)
    {
        if (string.IsNullOrWhiteSpace(name) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') || !char.IsAsciiLetterOrDigit(name[0]))
            throw new ArgumentException($"Invalid ActorSystem name [{name}], must contain only word characters (i.e. [a-zA-Z0-9] plus non-leading '-')", nameof(name));
        var system = new ActorSystemImpl(name, setup.Get<BootstrapSetup>().Value?.Config.Value ?? ConfigurationFactory.Load());
        system.Start();
        return system;
    }

    /// <summary>A system with the defaults.</summary>
    public static ActorSystem Create(string name) => Create(name, ActorSystemSetup.Empty);

    /// <inheritdoc />
    public abstract IActorRef ActorOf(Props props, string name = null);

    /// <inheritdoc />
    public abstract ActorSelection ActorSelection(ActorPath actorPath);

    /// <inheritdoc />
    public abstract ActorSelection ActorSelection(string actorPath);

    /// <summary>Ends an actor after the message that it is at.</summary>
    public abstract void Stop(IActorRef actor);

    /// <summary>Ends all actors, then the system.</summary>
    public abstract Task Terminate();

    /// <summary>Calls a function when the last actor has ended, the latest first.</summary>
    public abstract void RegisterOnTermination(Action code);

    /// <summary>The extension that an id names; made where it is not there.</summary>
    public abstract object RegisterExtension(IExtensionId extension);

    /// <summary>The extension that an id names.</summary>
    public abstract object GetExtension(IExtensionId extensionId);

    /// <summary>Whether there is an extension of a type.</summary>
    public abstract bool HasExtension(Type type);

    /// <summary>Whether there is an extension of a type.</summary>
    public abstract bool HasExtension<T>() where T : class, IExtension;

    /// <summary>The extension of a type, or null.</summary>
    public abstract bool TryGetExtension(Type extensionType, out object extension);

    /// <summary>The extension of a type, or null.</summary>
    public abstract bool TryGetExtension<T>(out T extension) where T : class, IExtension;

    /// <summary>The extension of a type, or null.</summary>
    public abstract T GetExtension<T>() where T : class, IExtension;

    /// <summary>Ends the system and waits for it.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends the system and waits for it.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            Terminate().Wait(TimeSpan.FromSeconds(30));
    }
}

/// <summary>What extensions may ask of a system.</summary>
public abstract class ExtendedActorSystem : ActorSystem
{
    /// <summary>Makes references.</summary>
    public abstract IActorRefProvider Provider { get; }

    /// <summary>The actor above all that programs make.</summary>
    public abstract IInternalActorRef Guardian { get; }

    /// <summary>The root of the tree.</summary>
    public abstract IInternalActorRef LookupRoot { get; }

    /// <summary>The actor above those of the system itself.</summary>
    public abstract IInternalActorRef SystemGuardian { get; }

    /// <summary>Makes an actor of the system itself, which ends after all that programs made.</summary>
    public abstract IActorRef SystemActorOf(Props props, string name = null);

    /// <summary>Makes an actor of the system itself, which ends after all that programs made.</summary>
    public abstract IActorRef SystemActorOf<TActor>(string name = null) where TActor : ActorBase, new();

    /// <summary>The tree as text.</summary>
    public abstract string PrintTree();
}
