using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Dispatch.MessageQueues;

namespace ActorTrain.Chaos;

/// <summary>Mailboxes that inject faults into messages: configured in an actor system's settings, invisible to the actors.</summary>
/// <remarks>An actor to fail gets Akka's <see cref="Kill"/> in place of the message or after it, and so fails as if it had
/// thrown.</remarks>
public sealed class FaultyMailbox : MailboxType, IProducesMessageQueue<FaultyMessages>
{
    public FaultyMailbox(Settings settings, Config config)
        : base(settings, config)
    {
    }

    private static string Name => $"{typeof(FaultyMailbox).FullName}, {typeof(FaultyMailbox).Assembly.GetName().Name}";

    /// <summary>Settings that give every actor such a mailbox.</summary>
    public static Config Configuration { get; } = ConfigurationFactory.ParseString($$"""
        akka.actor {
          default-mailbox.mailbox-type = "{{Name}}"
          mailbox.unbounded-deque-based.mailbox-type = "{{Name}}"
        }
        """);

    public override IMessageQueue Create(IActorRef owner, ActorSystem system) => new FaultyMessages(owner, system);
}

/// <summary>The injector of an actor system whose mailboxes are <see cref="FaultyMailbox"/>es.</summary>
public sealed class MessageFaults : IExtension
{
    private volatile IFaultInjector? injector;

    /// <summary>Null for none.</summary>
    public IFaultInjector? Injector { get => injector; set => injector = value; }

    public static MessageFaults Of(ActorSystem system)
    {
        ArgumentNullException.ThrowIfNull(system);
        return system.WithExtension<MessageFaults, MessageFaultsProvider>();
    }
}

public sealed class MessageFaultsProvider : ExtensionIdProvider<MessageFaults>
{
    public override MessageFaults CreateExtension(ExtendedActorSystem system) => new();
}

/// <summary>A message queue that consults an <see cref="IFaultInjector"/> as each message is taken out.</summary>
public sealed class FaultyMessages(IActorRef? owner, ActorSystem? system) : IMessageQueue, IUnboundedDequeBasedMessageQueueSemantics
{
    private readonly UnboundedDequeMessageQueue queue = new();

    // Taken out before all others: a duplicate, or the end of an actor that fails after its message.
    private Envelope? next;
    private bool? isOurs;

    public bool HasMessages => next is not null || queue.HasMessages;

    public int Count => queue.Count + (next is null ? 0 : 1);

    public void Enqueue(IActorRef receiver, Envelope envelope) => queue.Enqueue(receiver, envelope);

    public void EnqueueFirst(Envelope envelope) => queue.EnqueueFirst(envelope);

    public bool TryDequeue(out Envelope envelope)
    {
        if (next is { } waiting)
        {
            (envelope, next) = (waiting, null);
            return true;
        }

        while (queue.TryDequeue(out envelope))
        {
            switch (Choose(envelope))
            {
                case Fault.Drop:
                    continue;
                case Fault.Defer:
                    queue.Enqueue(owner!, envelope);
                    continue;
                case Fault.Throw:
                    envelope = new Envelope(Kill.Instance, envelope.Sender);
                    break;
                case Fault.ThrowAfter:
                    next = new Envelope(Kill.Instance, envelope.Sender);
                    break;
                case Fault.Duplicate:
                    next = envelope;
                    break;
                case Fault.Hang:
                    MessageFaults.Of(system!).Injector?.Hang(owner!.Path.Name);
                    break;
            }

            return true;
        }

        return false;
    }

    public void CleanUp(IActorRef owner, IMessageQueue deadletters) => queue.CleanUp(owner, deadletters);

    private Fault Choose(Envelope envelope)
    {
        if (system is null || !IsOurs() || MessageFaults.Of(system).Injector is not { } injector)
            return Fault.None;

        // A timer's message is wrapped with its sender and an id.
        var message = envelope.Message;
        while (message is IWrappedMessage { Message: var wrapped })
            message = wrapped;
        return injector.Choose(owner!.Path.Name, message);
    }

    // Akka's own actors are exempt, and the guardian stands for the process itself.
    private bool IsOurs()
    {
        if (isOurs is { } known)
            return known;
        if (owner is not ActorRefWithCell { Underlying: { } cell })
            return false;
        var type = cell.Props.Type;
        isOurs = type.Assembly == typeof(IRunInput).Assembly && type != typeof(RunGuardian);
        return isOurs.Value;
    }
}
