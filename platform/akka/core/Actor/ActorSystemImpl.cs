using System.Collections.Concurrent;
using System.Text;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;
using Akka.Util;

namespace Akka.Actor;

/// <summary>An actor system in this process.</summary>
internal sealed class ActorSystemImpl : ExtendedActorSystem
{
    private readonly ConcurrentDictionary<Type, Lazy<object>> extensions = new();
    private readonly ConcurrentStack<Action> onTermination = new();
    private readonly TaskCompletionSource terminated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LocalActorRefProvider provider;
    private int ending;

    public ActorSystemImpl(string name, Config config)
    {
        Name = name;
        StartTime = MonotonicClock.Elapsed;
        Settings = new Settings(this, config);
        EventStream = new EventStream(Settings.DebugEventStream);
        EventStream.StartStdoutLogger(Settings);
        Log = new BusLogging(EventStream, $"ActorSystem({name})", typeof(ActorSystem), DefaultLogMessageFormatter.Instance);
        provider = new LocalActorRefProvider(this);
        Scheduler = (IScheduler)Activator.CreateInstance(TypeResolver.Require(Settings.SchedulerClass, "akka.scheduler.implementation"), Settings.Config, Log);
        Mailboxes = new Mailboxes(this);
        Dispatchers = new Dispatchers(this, new DefaultDispatcherPrerequisites(EventStream, Scheduler, Settings, Mailboxes));
        Serialization = new Serialization.Serialization(this);
        SerializeAllMessages = Settings.SerializeAllMessages;
    }

    public override Settings Settings { get; }

    public override string Name { get; }

    public override Serialization.Serialization Serialization { get; }

    public override EventStream EventStream { get; }

    public override IActorRef DeadLetters => provider.DeadLetters;

    public override IActorRef IgnoreRef => provider.IgnoreRef;

    public override Dispatchers Dispatchers { get; }

    public override Mailboxes Mailboxes { get; }

    public override IScheduler Scheduler { get; }

    public override ILoggingAdapter Log { get; }

    public override Task WhenTerminated => terminated.Task;

    public override TimeSpan StartTime { get; }

    public override TimeSpan Uptime => MonotonicClock.Elapsed - StartTime;

    public override LocalActorRefProvider Provider => provider;

    public override IInternalActorRef Guardian => provider.Guardian;

    public override IInternalActorRef LookupRoot => provider.RootGuardian;

    public override IInternalActorRef SystemGuardian => provider.SystemGuardian;

    internal bool SerializeAllMessages { get; }

    internal bool IsTerminating => Volatile.Read(ref ending) != 0;

    public void Start()
    {
        provider.Start();
        EventStream.StartDefaultLoggers(this);
        if (Settings.LogDeadLetters > 0)
            EventStream.Subscribe(SystemActorOf(Props.Create<DeadLetterListener>(), "deadLetterListener"), typeof(AllDeadLetters));
        if (Settings.LogConfigOnStart)
            Log.Info(Settings.ToString());
        foreach (var name in Settings.Config.GetStringList("akka.extensions"))
            RegisterExtension((IExtensionId)Activator.CreateInstance(TypeResolver.Require(name, "akka.extensions")));
    }

    public override IActorRef ActorOf(Props props, string name = null) => provider.Guardian.Cell.ActorOf(props, name);

    public override IActorRef SystemActorOf(Props props, string name = null) => provider.SystemGuardian.Cell.ActorOf(props, name);

    public override IActorRef SystemActorOf<TActor>(string name = null) => SystemActorOf(Props.Create<TActor>(), name);

    public override ActorSelection ActorSelection(ActorPath actorPath) => Akka.Actor.ActorSelection.At(this, actorPath);

    public override ActorSelection ActorSelection(string actorPath) => Akka.Actor.ActorSelection.At(provider.RootGuardian, actorPath);

    public override void Stop(IActorRef actor)
    {
        // A child of a guardian is stopped through it, so that its name is free only after its end.
        if (actor.Path.Parent.Equals(provider.Guardian.Path))
            provider.Guardian.Cell.Stop(actor);
        else if (actor.Path.Parent.Equals(provider.SystemGuardian.Path))
            provider.SystemGuardian.Cell.Stop(actor);
        else
            ((IInternalActorRef)actor).Stop();
    }

    public override Task Terminate()
    {
        if (Settings.CoordinatedShutdownRunByActorSystemTerminate)
            CoordinatedShutdown.Get(this).Run(CoordinatedShutdown.ActorSystemTerminateReason.Instance);
        else
            FinalTerminate();
        return WhenTerminated;
    }

    /// <summary>Ends the tree from `/user` up.</summary>
    internal void FinalTerminate()
    {
        if (Interlocked.Exchange(ref ending, 1) != 0)
            return;
        provider.TerminationTask.ContinueWith(_ => AfterLastActor(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        provider.Guardian.Stop();
    }

    public override void RegisterOnTermination(Action code)
    {
        ObjectDisposedException.ThrowIf(WhenTerminated.IsCompleted, this);
        onTermination.Push(code);
    }

    public override object RegisterExtension(IExtensionId extension)
        => extensions.GetOrAdd(extension.ExtensionType, static (_, at) => new Lazy<object>(() => at.extension.CreateExtension(at.system)), (extension, system: this)).Value;

    public override object GetExtension(IExtensionId extensionId) => TryGetExtension(extensionId.ExtensionType, out var extension) ? extension : null;

    public override bool HasExtension(Type type) => extensions.ContainsKey(type);

    public override bool HasExtension<T>() => extensions.ContainsKey(typeof(T));

    public override bool TryGetExtension(Type extensionType, out object extension)
    {
        extension = extensions.TryGetValue(extensionType, out var made) ? made.Value : null;
        return extension is not null;
    }

    public override bool TryGetExtension<T>(out T extension)
    {
        extension = TryGetExtension(typeof(T), out var found) ? (T)found : null;
        return extension is not null;
    }

    public override T GetExtension<T>() => TryGetExtension<T>(out var extension) ? extension : null;

    public override string PrintTree()
    {
        var text = new StringBuilder();
        Print(provider.RootGuardian, 0);
        return text.ToString();

        void Print(IActorRef at, int depth)
        {
            text.Append(' ', 2 * depth).Append(depth == 0 ? "/" : at.Path.Name);
            if (at is not LocalActorRef local)
            {
                text.Append('\n');
                return;
            }
            text.Append(' ').Append(local.Cell.Actor?.GetType().Name).Append(", ").Append(local.Cell.NumberOfMessages).Append(" messages\n");
            foreach (var child in local.Cell.GetChildren())
                Print(child, depth + 1);
        }
    }

    public override string ToString() => provider.RootPath.Address.ToString();

    internal object RoundTrip(object message)
    {
        if (message is INoSerializationVerificationNeeded or IActorRef)
            return message;
        var serializer = Serialization.FindSerializerFor(message);
        var bytes = serializer.ToBinary(message);
        return Serialization.Deserialize(bytes, serializer.Identifier, Akka.Serialization.Serialization.ManifestFor(serializer, message));
    }

    private void AfterLastActor()
    {
        while (onTermination.TryPop(out var code))
        {
            try
            {
                code();
            }
            catch (Exception e)
            {
                Log.Error(e, "A function that was to be called after the last actor failed.");
            }
        }
        (Scheduler as IDisposable)?.Dispose();
        terminated.TrySetResult();
    }
}
