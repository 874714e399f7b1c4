using Akka.Configuration;

namespace Akka.Dispatch;

/// <summary>Runs actors on the threads of .NET's pool.</summary>
internal sealed class PoolDispatcherConfigurator : MessageDispatcherConfigurator
{
    private readonly PoolDispatcher dispatcher;

    public PoolDispatcherConfigurator(Config config, IDispatcherPrerequisites prerequisites) : base(config, prerequisites)
        => dispatcher = new PoolDispatcher(this);

    public override MessageDispatcher Dispatcher() => dispatcher;

    private sealed class PoolDispatcher(MessageDispatcherConfigurator configurator) : MessageDispatcher(configurator)
    {
        protected override void ExecuteTask(IRunnable run)
        {
            if (run is not Mailbox mailbox || !PoolWorker.TryHandOver(mailbox))
                PoolWorker.Queue(run);
        }

        internal override void ExecuteAgain(Mailbox mailbox) => ThreadPool.UnsafeQueueUserWorkItem(mailbox, preferLocal: false);

        protected override void Shutdown()
        {
        }
    }
}

/// <summary>A thread of the pool that is at an actor, and the actor that it will be at next.</summary>
/// <remarks>An actor that is woken by a handler is kept for the thread that runs the handler: when the handler is done and its actor has nothing
/// more, the thread goes straight on to the one that was woken, with the message still in its cache and no other thread disturbed. What is kept
/// is given to the pool after all as soon as waiting might cost something: when the handler wakes another actor, sends a second message to
/// the same one, asks a question, or is followed by another message; and by <see cref="PoolWatch"/> when the handler takes long or blocks.</remarks>
internal sealed class PoolWorker
{
    /// <summary>How many actors a thread goes through before the pool has its say again.</summary>
    private const int MostHops = 64;

    [ThreadStatic]
    private static PoolWorker current;

    [ThreadStatic]
    private static int queued;

    private Mailbox next;
    private bool running;

    /// <summary>The one that this thread is, or null.</summary>
    public static PoolWorker Current => current;

    /// <summary>How often something was kept; the watch tells by it how long the same thing has been waiting.</summary>
    public int Kept { get; private set; }

    public bool IsKeeping => Volatile.Read(ref next) is not null;

    /// <summary>Keeps a mailbox that the handler on this thread has woken; false where none runs here.</summary>
    public static bool TryHandOver(Mailbox mailbox)
    {
        var worker = current;
        if (worker is not { running: true })
            return false;
        worker.Kept++;
        if (worker.next is not null && Interlocked.Exchange(ref worker.next, null) is { } before)
            Queue(before);
        // Only this thread keeps anything here, so a plain write will do; the watch takes out by exchange.
        Volatile.Write(ref worker.next, mailbox);
        PoolWatch.Begin();
        return true;
    }

    /// <summary>Gives to the pool what this thread keeps, if anything.</summary>
    public void Release()
    {
        if (next is not null)
            GiveUp();
    }

    /// <summary>Gives a mailbox to the pool if it is the one that this thread keeps.</summary>
    public static void Release(Mailbox mailbox)
    {
        var worker = current;
        if (worker is not null && ReferenceEquals(worker.next, mailbox))
            worker.GiveUp();
    }

    /// <summary>Gives a mailbox to the pool.</summary>
    /// <remarks>A thread's own queue is last in, first out. Two actors that wake each other for ever would keep all below them waiting; so now and
    /// then one goes to the end of the common queue.</remarks>
    public static void Queue(IRunnable run) => ThreadPool.UnsafeQueueUserWorkItem(run, preferLocal: (++queued & 63) != 0);

    /// <summary>Runs a mailbox, then what was woken by it, and so on for a while.</summary>
    public static void Run(Mailbox mailbox)
    {
        var worker = current;
        if (worker is null)
            PoolWatch.Add(current = worker = new PoolWorker());
        var context = ExecutionContext.Capture();
        worker.running = true;
        try
        {
            for (var hops = 0; mailbox is not null; hops++)
            {
                mailbox.Run();
                // What a handler left in asynchronous locals is not for the next actor.
                if (context is not null)
                    ExecutionContext.Restore(context);
                if (hops == MostHops)
                    return;
                mailbox = worker.next is null ? null : Interlocked.Exchange(ref worker.next, null);
            }
        }
        finally
        {
            worker.running = false;
            worker.Release();
        }
    }

    public void GiveUp()
    {
        if (Interlocked.Exchange(ref next, null) is { } waiting)
            ThreadPool.UnsafeQueueUserWorkItem(waiting, preferLocal: false);
    }
}

/// <summary>Sees to it that nothing is kept for a thread whose handler takes long: looks every few milliseconds while anything is kept, and rests as soon as
/// nothing is, since every look may take a processor from those who compute.</summary>
internal static class PoolWatch
{
    private const int Milliseconds = 5;

    private static readonly Lock Gate = new();
    private static readonly List<WeakReference<PoolWorker>> Workers = [];
    private static readonly AutoResetEvent Wake = new(false);
    private static bool awake;
    private static Thread thread;

    public static void Add(PoolWorker worker)
    {
        lock (Gate)
        {
            Workers.Add(new WeakReference<PoolWorker>(worker));
            if (thread is not null)
                return;
            thread = new Thread(Watch) { IsBackground = true, Name = "akka.pool-watch" };
            thread.Start();
        }
    }

    /// <summary>Is called after something was kept.</summary>
    public static void Begin()
    {
        if (!Volatile.Read(ref awake))
        {
            Volatile.Write(ref awake, true);
            Wake.Set();
        }
    }

    private static void Watch()
    {
        var seen = new Dictionary<PoolWorker, int>(ReferenceEqualityComparer.Instance);
        while (true)
        {
            Wake.WaitOne();
            do
            {
                Thread.Sleep(Milliseconds);
            }
            while (Look(seen));
            seen.Clear();
            Volatile.Write(ref awake, false);
            // Who kept something just before may have seen the watch awake; the barrier of all threads spares them one of their own.
            Interlocked.MemoryBarrierProcessWide();
            if (AnythingKept())
                Begin();
        }
    }

    /// <summary>Gives to the pool what was kept at the last look already; false where nothing else is kept.</summary>
    private static bool Look(Dictionary<PoolWorker, int> seen)
    {
        var isAnythingKept = false;
        lock (Gate)
        {
            Workers.RemoveAll(worker => !worker.TryGetTarget(out _));
            foreach (var reference in Workers)
            {
                if (!reference.TryGetTarget(out var worker))
                    continue;
                if (!worker.IsKeeping)
                    continue;
                var kept = worker.Kept;
                if (seen.TryGetValue(worker, out var before) && before == kept)
                    worker.GiveUp();
                else
                    isAnythingKept = true;
                seen[worker] = kept;
            }
        }
        return isAnythingKept;
    }

    private static bool AnythingKept()
    {
        lock (Gate)
            return Workers.Exists(worker => worker.TryGetTarget(out var at) && at.IsKeeping);
    }
}
