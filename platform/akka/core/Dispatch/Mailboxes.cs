using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch.MessageQueues;
using Akka.Event;
using Akka.Util;

namespace Akka.Dispatch;

/// <summary>Makes the message queues of actors; named in a configuration by its type, which has a constructor with (Settings, Config).</summary>
public abstract class MailboxType
{
    /// <summary>With the settings of the system and of the mailbox.</summary>
    protected MailboxType(Settings settings, Config config)
    {
        Settings = settings;
        Config = config;
    }

    /// <summary>The settings of the system.</summary>
    protected Settings Settings { get; }

    /// <summary>The settings of the mailbox.</summary>
    protected Config Config { get; }

    /// <summary>The queue of an actor.</summary>
    public abstract IMessageQueue Create(IActorRef owner, ActorSystem system);
}

/// <summary>The default: no bound.</summary>
public sealed class UnboundedMailbox : MailboxType, IProducesMessageQueue<UnboundedMessageQueue>
{
    /// <summary>Without settings.</summary>
    public UnboundedMailbox() : this(null, null)
    {
    }

    /// <summary>With the settings of the system and of the mailbox.</summary>
    public UnboundedMailbox(Settings settings, Config config) : base(settings, config)
    {
    }

    /// <inheritdoc />
    public override IMessageQueue Create(IActorRef owner, ActorSystem system) => new UnboundedMessageQueue();
}

/// <summary>With a bound; what finds no room within the push timeout is a dead letter.</summary>
public sealed class BoundedMailbox : MailboxType, IProducesMessageQueue<BoundedMessageQueue>
{
    /// <summary>With the settings of the system and of the mailbox.</summary>
    public BoundedMailbox(Settings settings, Config config) : base(settings, config)
    {
        Capacity = config.GetInt("mailbox-capacity");
        PushTimeout = config.GetTimeSpan("mailbox-push-timeout-time", TimeSpan.FromSeconds(-1));
    }

    /// <summary>How many messages fit.</summary>
    public int Capacity { get; }

    /// <summary>How long a sender waits for room.</summary>
    public TimeSpan PushTimeout { get; }

    /// <inheritdoc />
    public override IMessageQueue Create(IActorRef owner, ActorSystem system) => new BoundedMessageQueue(Capacity, PushTimeout);
}

/// <summary>For actors with a stash: no bound.</summary>
public sealed class UnboundedDequeBasedMailbox : MailboxType, IProducesMessageQueue<UnboundedDequeMessageQueue>
{
    /// <summary>With the settings of the system and of the mailbox.</summary>
    public UnboundedDequeBasedMailbox(Settings settings, Config config) : base(settings, config)
    {
    }

    /// <inheritdoc />
    public override IMessageQueue Create(IActorRef owner, ActorSystem system) => new UnboundedDequeMessageQueue();
}

/// <summary>For actors with a stash: with a bound.</summary>
public sealed class BoundedDequeBasedMailbox : MailboxType, IProducesMessageQueue<BoundedDequeMessageQueue>
{
    /// <summary>With the settings of the system and of the mailbox.</summary>
    public BoundedDequeBasedMailbox(Settings settings, Config config) : base(settings, config)
    {
        Capacity = config.GetInt("mailbox-capacity");
        PushTimeout = config.GetTimeSpan("mailbox-push-timeout-time", TimeSpan.FromSeconds(-1));
    }

    /// <summary>How many messages fit.</summary>
    public int Capacity { get; }

    /// <summary>How long a sender waits for room.</summary>
    public TimeSpan PushTimeout { get; }

    /// <inheritdoc />
    public override IMessageQueue Create(IActorRef owner, ActorSystem system) => new BoundedDequeMessageQueue(Capacity, PushTimeout);
}

/// <summary>Finds the mailbox type of an actor: named by its props, by its dispatcher, or required by its class.</summary>
public class Mailboxes
{
    /// <summary>The path of the default mailbox's settings.</summary>
    public static readonly string DefaultMailboxId = "akka.actor.default-mailbox";

    private readonly ActorSystemImpl system;
    private readonly ConcurrentDictionary<string, MailboxType> byId = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Type, Type> requirements = new();
    private readonly Dictionary<Type, string> idByRequirement = [];
    private readonly Config defaults;

    internal Mailboxes(ActorSystemImpl system)
    {
        this.system = system;
        defaults = system.Settings.Config.GetConfig(DefaultMailboxId) ?? Config.Empty;
        foreach (var (name, id) in system.Settings.Config.GetConfig("akka.actor.mailbox.requirements")?.AsEnumerable() ?? [])
            idByRequirement[TypeResolver.Require(name, "akka.actor.mailbox.requirements")] = id.GetString();
        DeadLetterQueue = new DeadLetterMessageQueue(system);
    }

    internal IMessageQueue DeadLetterQueue { get; }

    /// <summary>The queue that an actor class requires, or null.</summary>
    public Type GetRequiredType(Type actorType) => requirements.GetOrAdd(actorType, static type => type.GetInterfaces()
        .Where(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IRequiresMessageQueue<>))
        .Select(i => i.GetGenericArguments()[0])
        // The most demanding of several.
        .OrderByDescending(required => required.GetInterfaces().Length)
        .FirstOrDefault());

    /// <summary>The mailbox type of a path of settings.</summary>
    /// <exception cref="ConfigurationException">There is nothing at the path.</exception>
    public MailboxType Lookup(string id) => byId.GetOrAdd(id, Make);

    internal MailboxType For(Props props, Config dispatcherConfig)
    {
        var required = GetRequiredType(props.Type);
        var id = props.Mailbox != Deploy.NoMailboxGiven ? props.Mailbox
            : dispatcherConfig.HasPath("mailbox-type") && dispatcherConfig.GetString("id") is { Length: > 0 } own ? own
            : required is null ? DefaultMailboxId
            : idByRequirement.GetValueOrDefault(required)
                ?? throw new ConfigurationException($"Mailbox mapping for [{required}] not configured.");
        var type = Lookup(id);
        if (required is not null && Produced(type) is { } produced && !required.IsAssignableFrom(produced))
            throw new ArgumentException($"Produced message queue type [{produced}] does not fulfill requirement for actor class [{props.Type}]");
        return type;
    }

    internal int StashCapacity(Props props, Config dispatcherConfig)
    {
        if (props.Deploy.StashCapacity > 0)
            return props.Deploy.StashCapacity;
        var path = props.Mailbox != Deploy.NoMailboxGiven ? props.Mailbox : null;
        var config = (path is null ? dispatcherConfig : system.Settings.Config.GetConfig(path)) ?? Config.Empty;
        return config.GetInt("stash-capacity", defaults.GetInt("stash-capacity", -1));
    }

    private static Type Produced(MailboxType type) => type.GetType().GetInterfaces()
        .FirstOrDefault(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IProducesMessageQueue<>))?.GetGenericArguments()[0];

    private MailboxType Make(string id)
    {
        if (id == "unbounded")
            return new UnboundedMailbox();
        var config = system.Settings.Config.GetConfig(id)
            ?? throw new ConfigurationException($"Mailbox Type [{id}] not configured");
        var name = config.GetString("mailbox-type") is { Length: > 0 } named ? named : throw new ConfigurationException($"The setting mailbox-type defined in [{id}] is empty");
        return (MailboxType)Activator.CreateInstance(TypeResolver.Require(name, id + ".mailbox-type"), system.Settings, config.WithFallback(defaults));
    }

    /// <summary>Takes what an ended actor left.</summary>
    private sealed class DeadLetterMessageQueue(ActorSystemImpl system) : IMessageQueue
    {
        public bool HasMessages => false;

        public int Count => 0;

        public void Enqueue(IActorRef receiver, Envelope envelope)
        {
            if (envelope.Message is DeadLetter)
                return;
            system.DeadLetters.Tell(new DeadLetter(envelope.Message, envelope.Sender ?? system.DeadLetters, receiver), envelope.Sender);
        }

        public bool TryDequeue(out Envelope envelope)
        {
            envelope = default;
            return false;
        }

        public void CleanUp(IActorRef owner, IMessageQueue deadletters)
        {
        }
    }
}
