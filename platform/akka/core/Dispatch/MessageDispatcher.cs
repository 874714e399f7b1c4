using System.Diagnostics;
using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch.SysMsg;
using Akka.Event;

namespace Akka.Dispatch;

/// <summary>What a dispatcher may need of its system.</summary>
public interface IDispatcherPrerequisites
{
    /// <summary>The event stream.</summary>
    EventStream EventStream { get; }

    /// <summary>The scheduler.</summary>
    IScheduler Scheduler { get; }

    /// <summary>The settings.</summary>
    Settings Settings { get; }

    /// <summary>The mailboxes.</summary>
    Mailboxes Mailboxes { get; }
}

/// <summary>What a dispatcher may need of its system.</summary>
public sealed class DefaultDispatcherPrerequisites : IDispatcherPrerequisites
{
    /// <summary>With all of it.</summary>
    public DefaultDispatcherPrerequisites(EventStream eventStream, IScheduler scheduler, Settings settings, Mailboxes mailboxes)
    {
        EventStream = eventStream;
        Scheduler = scheduler;
        Settings = settings;
        Mailboxes = mailboxes;
    }

    /// <inheritdoc />
    public EventStream EventStream { get; }

    /// <inheritdoc />
    public IScheduler Scheduler { get; }

    /// <inheritdoc />
    public Settings Settings { get; }

    /// <inheritdoc />
    public Mailboxes Mailboxes { get; }
}

/// <summary>Makes dispatchers of one path of settings; named in a configuration by its type, which has a constructor with (Config, IDispatcherPrerequisites).</summary>
public abstract class MessageDispatcherConfigurator
{
    /// <summary>With the settings of the dispatcher.</summary>
    protected MessageDispatcherConfigurator(Config config, IDispatcherPrerequisites prerequisites)
    {
        Config = config;
        Prerequisites = prerequisites;
    }

    /// <summary>The settings of the dispatcher.</summary>
    public Config Config { get; }

    /// <summary>What the dispatcher may need.</summary>
    public IDispatcherPrerequisites Prerequisites { get; }

    /// <summary>A dispatcher; the same for all actors, or one for each.</summary>
    public abstract MessageDispatcher Dispatcher();
}

/// <summary>Runs actors: hands their mailboxes to threads.</summary>
public abstract class MessageDispatcher
{
    private int inhabitants;

    /// <summary>With the settings `id`, `throughput`, `throughput-deadline-time` of its configurator.</summary>
    protected MessageDispatcher(MessageDispatcherConfigurator configurator)
    {
        Configurator = configurator;
        Id = configurator.Config.GetString("id");
        Throughput = configurator.Config.GetInt("throughput", 30);
        ThroughputDeadlineTime = configurator.Config.GetTimeSpan("throughput-deadline-time", TimeSpan.Zero).Ticks;
        ThroughputDeadlineTicks = (long)(ThroughputDeadlineTime.Value * (double)Stopwatch.Frequency / TimeSpan.TicksPerSecond);
    }

    /// <summary>What made it.</summary>
    public MessageDispatcherConfigurator Configurator { get; }

    /// <summary>The path of its settings.</summary>
    public string Id { get; protected set; }

    /// <summary>How many messages of one actor a thread runs before it turns to another.</summary>
    public int Throughput { get; }

    /// <summary>How long a thread runs one actor before it turns to another, in ticks; zero for no limit.</summary>
    public long? ThroughputDeadlineTime { get; }

    internal long ThroughputDeadlineTicks { get; }

    /// <summary>How many actors run on it.</summary>
    internal int Inhabitants => Volatile.Read(ref inhabitants);

    /// <summary>Runs something on a thread of the dispatcher.</summary>
    public void Schedule(IRunnable run) => ExecuteTask(run);

    /// <summary>Runs something on a thread of the dispatcher.</summary>
    public void Schedule(Action run) => ExecuteTask(new ActionRunnable(run));

    /// <summary>Puts a message into an actor's mailbox and has it run.</summary>
    public virtual void Dispatch(ActorCell cell, Envelope envelope)
    {
        var mailbox = cell.Mailbox;
        mailbox.Enqueue(envelope);
        if (!RegisterForExecution(mailbox, true, false))
            PoolWorker.Release(mailbox);
    }

    /// <summary>Puts a message of the system into an actor's mailbox and has it run.</summary>
    public virtual void SystemDispatch(ActorCell cell, ISystemMessage message)
    {
        var mailbox = cell.Mailbox;
        mailbox.SystemEnqueue((SystemMessage)message);
        RegisterForExecution(mailbox, false, true);
    }

    /// <summary>Takes an actor in.</summary>
    public virtual void Attach(ActorCell cell) => Interlocked.Increment(ref inhabitants);

    /// <summary>Lets an actor go: its mailbox takes no more.</summary>
    public virtual void Detach(ActorCell cell)
    {
        cell.Mailbox.Close();
        if (Interlocked.Decrement(ref inhabitants) == 0)
            Shutdown();
    }

    /// <summary>Runs something on a thread of the dispatcher.</summary>
    protected abstract void ExecuteTask(IRunnable run);

    /// <summary>Lets go of threads; is called when the last actor has ended, and others may come after.</summary>
    protected abstract void Shutdown();

    /// <summary>Has a mailbox run if there is something in it and no thread is at it.</summary>
    internal bool RegisterForExecution(Mailbox mailbox, bool hasMessageHint, bool hasSystemMessageHint)
    {
        if (!mailbox.TrySchedule(hasMessageHint, hasSystemMessageHint))
            return false;
        ExecuteTask(mailbox);
        return true;
    }

    /// <summary>Has a mailbox run once more that has used up its share; others come before it.</summary>
    internal virtual void ExecuteAgain(Mailbox mailbox) => ExecuteTask(mailbox);

    private sealed class ActionRunnable(Action run) : IRunnable
    {
        public void Run() => run();

        public void Execute() => run();
    }
}
