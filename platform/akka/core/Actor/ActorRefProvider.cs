using Akka.Dispatch;
using Akka.Dispatch.SysMsg;
using Akka.Event;

namespace Akka.Actor;

/// <summary>Makes references and knows the top of the tree.</summary>
public interface IActorRefProvider
{
    /// <summary>The root of the tree.</summary>
    IInternalActorRef RootGuardian { get; }

    /// <summary>The actor above all that programs make.</summary>
    LocalActorRef Guardian { get; }

    /// <summary>The actor above those of the system itself.</summary>
    LocalActorRef SystemGuardian { get; }

    /// <summary>Where messages go whose actor is gone.</summary>
    IActorRef DeadLetters { get; }

    /// <summary>Drops what it gets.</summary>
    IActorRef IgnoreRef { get; }

    /// <summary>The path of the root.</summary>
    ActorPath RootPath { get; }

    /// <summary>The settings.</summary>
    Settings Settings { get; }

    /// <summary>The place of references without a parent.</summary>
    IInternalActorRef TempContainer { get; }

    /// <summary>Ends with the last actor.</summary>
    Task TerminationTask { get; }

    /// <summary>The address of the system.</summary>
    Address DefaultAddress { get; }

    /// <summary>The system.</summary>
    internal ActorSystem System { get; }

    /// <summary>The root of the tree at an address; the dead letters for another system.</summary>
    IActorRef RootGuardianAt(Address address);

    /// <summary>A new path for a reference without a parent.</summary>
    ActorPath TempPath();

    /// <summary>Makes a reference known at a path of <see cref="TempPath"/>.</summary>
    void RegisterTempActor(IInternalActorRef actorRef, ActorPath path);

    /// <summary>Makes it unknown again.</summary>
    void UnregisterTempActor(ActorPath path);

    /// <summary>The actor of a path; one that is not there takes dead letters.</summary>
    IActorRef ResolveActorRef(string path);

    /// <summary>The actor of a path; one that is not there takes dead letters.</summary>
    IActorRef ResolveActorRef(ActorPath actorPath);

    /// <summary>The address to give to another system, or null where that cannot be reached.</summary>
    Address GetExternalAddressFor(Address address);
}

/// <summary>Makes references to actors of this process.</summary>
public sealed class LocalActorRefProvider : IActorRefProvider
{
    private readonly TaskCompletionSource termination = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ActorSystemImpl system;
    private readonly ActorPath tempPath;
    private readonly VirtualPathContainer temp;
    private readonly MailboxType defaultMailbox = new UnboundedMailbox();
    private long tempNumber;

    internal LocalActorRefProvider(ActorSystemImpl system)
    {
        this.system = system;
        RootPath = new RootActorPath(new Address("akka", system.Name));
        DeadLetters = new DeadLetterActorRef(this, RootPath / "deadLetters", system.EventStream);
        IgnoreRef = new Ignore(this, RootPath / "ignore");
        tempPath = RootPath / "temp";
        temp = new VirtualPathContainer(this, tempPath, (IInternalActorRef)DeadLetters);
    }

    /// <inheritdoc />
    public IInternalActorRef RootGuardian { get; private set; }

    /// <inheritdoc />
    public LocalActorRef Guardian { get; private set; }

    /// <inheritdoc />
    public LocalActorRef SystemGuardian { get; private set; }

    /// <inheritdoc />
    public IActorRef DeadLetters { get; }

    /// <inheritdoc />
    public IActorRef IgnoreRef { get; }

    /// <inheritdoc />
    public ActorPath RootPath { get; }

    /// <inheritdoc />
    public Settings Settings => system.Settings;

    /// <inheritdoc />
    public IInternalActorRef TempContainer => temp;

    /// <inheritdoc />
    public Task TerminationTask => termination.Task;

    /// <inheritdoc />
    public Address DefaultAddress => RootPath.Address;

    ActorSystem IActorRefProvider.System => system;

    /// <inheritdoc />
    public IActorRef RootGuardianAt(Address address) => address == RootPath.Address ? RootGuardian : DeadLetters;

    /// <inheritdoc />
    public ActorPath TempPath() => new ChildActorPath(tempPath, "$" + Interlocked.Increment(ref tempNumber).ToString(global::System.Globalization.CultureInfo.InvariantCulture), 0);

    /// <inheritdoc />
    public void RegisterTempActor(IInternalActorRef actorRef, ActorPath path) => temp.AddChild(path.Name, actorRef);

    /// <inheritdoc />
    public void UnregisterTempActor(ActorPath path) => temp.RemoveChild(path.Name);

    /// <inheritdoc />
    public IActorRef ResolveActorRef(string path) => ActorPath.TryParse(path, out var parsed) ? ResolveActorRef(parsed) : DeadLetters;

    /// <inheritdoc />
    public IActorRef ResolveActorRef(ActorPath actorPath)
    {
        if (actorPath.Address != RootPath.Address)
            return DeadLetters;
        var found = RootGuardian.GetChild(actorPath.Elements);
        return found is Nobody || (actorPath.Uid != 0 && found.Path.Uid != actorPath.Uid)
            ? new EmptyLocalActorRef(this, actorPath, system.EventStream)
            : found;
    }

    /// <inheritdoc />
    public Address GetExternalAddressFor(Address address) => address == RootPath.Address ? address : null;

    /// <summary>Makes the top of the tree.</summary>
    internal void Start()
    {
        var top = new Supervisor(this, RootPath / "_Root-guardian-supervisor", system, termination);
        var dispatcher = system.Dispatchers.Lookup(Dispatchers.InternalDispatcherId);
        var root = new RootGuardianActorRef(system, Props.Create<RootGuardian>(SupervisorStrategy.StoppingStrategy), dispatcher, defaultMailbox, top, RootPath,
            (IInternalActorRef)DeadLetters, temp);
        RootGuardian = root;
        root.Cell.EnqueueCreate();
        root.Start();
        var strategy = SupervisorStrategyConfigurator.CreateConfigurator(Settings.SupervisorStrategyClass).Create();
        Guardian = root.Cell.MakeChild(Props.Create<Guardian>(strategy).WithDispatcher(Dispatchers.InternalDispatcherId), "user");
        SystemGuardian = root.Cell.MakeChild(new Props(typeof(SystemGuardian), SupervisorStrategy.DefaultStrategy, Guardian)
            .WithDispatcher(Dispatchers.InternalDispatcherId), "system");
        Guardian.Cell.TakeChildrenFromOutside();
        SystemGuardian.Cell.TakeChildrenFromOutside();
        root.Tell(new WatchTop(SystemGuardian), root);
    }

    internal LocalActorRef Make(Props props, IInternalActorRef supervisor, ActorPath path)
    {
        var dispatcher = props.Deploy.Dispatcher == Deploy.NoDispatcherGiven ? system.Dispatchers.DefaultGlobalDispatcher : system.Dispatchers.Lookup(props.Dispatcher);
        return new LocalActorRef(system, props, dispatcher, system.Mailboxes.For(props, dispatcher.Configurator.Config), supervisor, path);
    }

    /// <summary>Stands above the root: its end is that of the system.</summary>
    private sealed class Supervisor(LocalActorRefProvider provider, ActorPath path, ActorSystemImpl system, TaskCompletionSource termination) : MinimalActorRef
    {
        public override ActorPath Path => path;

        public override IActorRefProvider Provider => provider;

        public override void SendSystemMessage(ISystemMessage message)
        {
            switch (message)
            {
                case Failed failed:
                    system.Log?.Error(failed.Cause, "guardian {0} failed, shutting down!", failed.Child);
                    ((IInternalActorRef)failed.Child).Stop();
                    break;
                case DeathWatchNotification:
                    termination.TrySetResult();
                    break;
            }
        }
    }

    private sealed class Ignore(IActorRefProvider provider, ActorPath path) : MinimalActorRef
    {
        public override ActorPath Path => path;

        public override IActorRefProvider Provider => provider;
    }
}

internal sealed record WatchTop(IActorRef Actor);

/// <summary>The actor above `/user` and `/system`.</summary>
internal sealed class RootGuardian : UntypedActor
{
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case WatchTop top:
                Context.Watch(top.Actor);
                break;
            case Terminated:
                Context.Stop(Self);
                break;
            default:
                Context.System.DeadLetters.Tell(new DeadLetter(message, Sender, Self), Sender);
                break;
        }
    }

    // Children survive: the top of the tree is not made twice.
    protected override void PreRestart(Exception reason, object message)
    {
    }
}

/// <summary>The actor above all that programs make.</summary>
internal sealed class Guardian : UntypedActor
{
    protected override void OnReceive(object message)
    {
        if (message is Terminated)
            Context.Stop(Self);
        else
            Context.System.DeadLetters.Tell(new DeadLetter(message, Sender, Self), Sender);
    }

    protected override void PreRestart(Exception reason, object message)
    {
    }
}

/// <summary>The actor above those of the system itself; it ends after the one of programs.</summary>
internal sealed class SystemGuardian(IActorRef userGuardian) : UntypedActor
{
    protected override void PreStart() => Context.Watch(userGuardian);

    protected override void OnReceive(object message)
    {
        if (message is Terminated terminated && terminated.ActorRef.Equals(userGuardian))
        {
            // Loggers are actors of the system: from here on standard output is the log.
            Context.System.EventStream.StopDefaultLoggers(Context.System);
            Context.Stop(Self);
        }
        else if (message is not Terminated)
        {
            Context.System.DeadLetters.Tell(new DeadLetter(message, Sender, Self), Sender);
        }
    }

    protected override void PreRestart(Exception reason, object message)
    {
    }
}
