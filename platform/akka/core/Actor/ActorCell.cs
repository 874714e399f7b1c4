using Akka.Dispatch;
using Akka.Dispatch.SysMsg;
using Akka.Event;

namespace Akka.Actor;

/// <summary>What is behind a reference: the actor, its mailbox, its children and all that happens to it.</summary>
/// <remarks>Everything but <see cref="Send(object, IActorRef)"/> and the reading of children happens in the actor's turn on its dispatcher.</remarks>
public sealed partial class ActorCell : IUntypedActorContext, ICell
{
    [ThreadStatic]
    private static ActorCell current;

    private readonly ActorSystemImpl system;
    private readonly LocalActorRef self;
    private volatile Mailbox mailbox;
    private ActorBase actor;
    private Receive behavior;
    private Stack<Receive> behaviorsBelow;
    private object currentMessage;
    private IActorRef sender;
    private IActorRef failedBy;
    private volatile bool isTerminated;
    private Queue<SystemMessage> stashedSystemMessages;
    private ActorTaskScheduler taskScheduler;

    internal ActorCell(ActorSystemImpl system, LocalActorRef self, Props props, MessageDispatcher dispatcher, IInternalActorRef parent, MailboxType mailboxType)
    {
        this.system = system;
        this.self = self;
        Props = props;
        Dispatcher = dispatcher;
        ParentRef = parent;
        mailbox = new Mailbox(mailboxType.Create(self, system), this, dispatcher);
        dispatcher.Attach(this);
    }

    /// <summary>The cell whose actor runs on this thread, or null.</summary>
    public static ActorCell Current
    {
        get => current;
        internal set => current = value;
    }

    /// <inheritdoc />
    public IActorRef Self => self;

    /// <inheritdoc />
    public Props Props { get; }

    /// <inheritdoc />
    public MessageDispatcher Dispatcher { get; }

    /// <inheritdoc />
    public IActorRef Sender => sender ?? system.DeadLetters;

    /// <inheritdoc />
    public ActorSystem System => system;

    /// <inheritdoc />
    public IActorRef Parent => ParentRef;

    /// <summary>The message that is being handled.</summary>
    public object CurrentMessage => currentMessage;

    /// <summary>How many messages wait.</summary>
    public int NumberOfMessages => mailbox.MessageQueue.Count;

    /// <summary>Whether a message waits.</summary>
    public bool HasMessages => mailbox.MessageQueue.HasMessages;

    /// <summary>Whether the actor has ended.</summary>
    public bool IsTerminated => isTerminated;

    /// <summary>The actor; null before it was made and after it ended.</summary>
    internal ActorBase Actor => actor;

    internal IInternalActorRef ParentRef { get; }

    internal ActorSystemImpl SystemImpl => system;

    internal Mailbox Mailbox => mailbox;

    internal ActorTaskScheduler TaskScheduler => taskScheduler ??= new ActorTaskScheduler(this);

    internal IActorRef CurrentSender => sender;

    /// <summary>The number of the message that is being handled, or was last.</summary>
    internal long CurrentEnvelopeId { get; private set; }

    private bool IsFailed => failedBy is not null;

    /// <summary>The actor that runs on this thread, or nobody.</summary>
    public static IActorRef GetCurrentSelfOrNoSender() => current?.self;

    /// <summary>The sender of the message that is handled on this thread, or nobody.</summary>
    public static IActorRef GetCurrentSenderOrNoSender() => current?.sender;

    /// <inheritdoc />
    public void Become(Receive receive)
    {
        if (behaviorsBelow is null or { Count: 0 })
            (behaviorsBelow ??= new()).Push(behavior);
        behavior = receive;
    }

    /// <inheritdoc />
    public void BecomeStacked(Receive receive)
    {
        (behaviorsBelow ??= new()).Push(behavior);
        behavior = receive;
    }

    /// <inheritdoc />
    public void UnbecomeStacked()
    {
        if (behaviorsBelow is { Count: > 0 })
            behavior = behaviorsBelow.Pop();
    }

    void IUntypedActorContext.Become(UntypedReceive receive) => Become(Always(receive));

    void IUntypedActorContext.BecomeStacked(UntypedReceive receive) => BecomeStacked(Always(receive));

    /// <inheritdoc />
    public ActorSelection ActorSelection(string actorPath) => Akka.Actor.ActorSelection.At(self, actorPath);

    /// <inheritdoc />
    public ActorSelection ActorSelection(ActorPath actorPath) => Akka.Actor.ActorSelection.At(system, actorPath);

    internal void SetInitialBehavior(Receive receive) => behavior = receive;

    internal void Start() => Dispatcher.RegisterForExecution(mailbox, false, true);

    internal void EnqueueCreate() => mailbox.SystemEnqueue(new Create());

    internal void Send(object message, IActorRef from)
    {
        if (message is null)
            throw new InvalidMessageException();
        if (system.SerializeAllMessages)
            message = system.RoundTrip(message);
        Dispatcher.Dispatch(this, new Envelope(message, from));
    }

    internal void Send(SystemMessage message) => Dispatcher.SystemDispatch(this, message);

    internal void Invoke(Envelope envelope)
    {
        currentMessage = envelope.Message;
        sender = envelope.Sender;
        CurrentEnvelopeId++;
        try
        {
            var timed = receiveTimeout is not null && envelope.Message is not INotInfluenceReceiveTimeout;
            if (envelope.Message is IAutoReceivedMessage auto)
                AutoReceive(auto);
            else
                ReceiveMessage(envelope.Message);
            if (timed || receiveTimeout is not null)
                TouchReceiveTimeout(timed);
            currentMessage = null;
            sender = null;
        }
        catch (Exception cause)
        {
            HandleInvokeFailure(cause);
        }
    }

    internal void ReceiveMessage(object message) => actor.AroundReceive(behavior, message);

    internal void RestoreCurrent(object message, IActorRef from)
    {
        currentMessage = message;
        sender = from;
    }

    private void AutoReceive(IAutoReceivedMessage message)
    {
        if (system.Settings.DebugAutoReceive)
            Publish(new Debug(self.Path.ToString(), actor.GetType(), "received AutoReceiveMessage " + message));
        switch (message)
        {
            case Terminated terminated:
                ReceivedTerminated(terminated);
                break;
            case Kill:
                throw new ActorKilledException("Kill");
            case PoisonPill:
                self.Stop();
                break;
            case TimerMessage timer:
                if ((actor as IWithTimers)?.Timers is TimerScheduler timers && timers.Open(timer) is { } due)
                {
                    currentMessage = due;
                    if (due is IAutoReceivedMessage inner)
                        AutoReceive(inner);
                    else
                        ReceiveMessage(due);
                }
                break;
            case ActorSelectionMessage selection:
                Akka.Actor.ActorSelection.Deliver(self, Sender, selection);
                break;
            case Identify identify:
                Sender.Tell(new ActorIdentity(identify.MessageId, self), self);
                break;
            default:
                ReceiveMessage(message);
                break;
        }
    }

    private static Receive Always(UntypedReceive receive) => message =>
    {
        receive(message);
        return true;
    };

    private void Publish(LogEvent logEvent) => system.EventStream.Publish(logEvent);
}

/// <summary>A message with its sender.</summary>
public readonly struct Envelope : IEquatable<Envelope>
{
    /// <summary>A message with its sender.</summary>
    public Envelope(object message, IActorRef sender)
    {
        Message = message;
        Sender = sender;
    }

    /// <summary>A message with its sender; the dead letters of the system where there is none.</summary>
    public Envelope(object message, IActorRef sender, ActorSystem system) : this(message, sender ?? system.DeadLetters)
    {
    }

    /// <summary>The message.</summary>
    public object Message { get; }

    /// <summary>The sender, or null.</summary>
    public IActorRef Sender { get; }

    /// <inheritdoc />
    public bool Equals(Envelope other) => Equals(Message, other.Message) && Equals(Sender, other.Sender);

    /// <inheritdoc />
    public override bool Equals(object obj) => obj is Envelope other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Message, Sender);

    /// <inheritdoc />
    public override string ToString() => $"<{Message}> from {Sender}";

    /// <summary>Whether two are the same.</summary>
    public static bool operator ==(Envelope left, Envelope right) => left.Equals(right);

    /// <summary>Whether two differ.</summary>
    public static bool operator !=(Envelope left, Envelope right) => !left.Equals(right);
}
