using System.Collections.Concurrent;
using System.Collections.Immutable;
using Akka.Configuration;
using Akka.Event;

namespace Akka.Actor;

/// <summary>Ends an actor system in phases, each with tasks that run side by side, in the order that `akka.coordinated-shutdown` gives.</summary>
/// <remarks>It runs when <see cref="ActorSystem.Terminate"/> is called or the process exits, where the settings say so, or by
/// <see cref="Run"/>; once only. A phase whose tasks take longer than its timeout, or fail, is passed over where its settings say `recover`,
/// and ends the shutdown where they do not.</remarks>
public sealed partial class CoordinatedShutdown : IExtension
{
    /// <summary>The first phase, before new requests are refused.</summary>
    public const string PhaseBeforeServiceUnbind = "before-service-unbind";

    /// <summary>New requests are refused.</summary>
    public const string PhaseServiceUnbind = "service-unbind";

    /// <summary>Requests that were accepted are finished.</summary>
    public const string PhaseServiceRequestsDone = "service-requests-done";

    /// <summary>Services stop.</summary>
    public const string PhaseServiceStop = "service-stop";

    /// <summary>Before the cluster is left.</summary>
    public const string PhaseBeforeClusterShutdown = "before-cluster-shutdown";

    /// <summary>Shards move away.</summary>
    public const string PhaseClusterShardingShutdownRegion = "cluster-sharding-shutdown-region";

    /// <summary>This member says that it leaves.</summary>
    public const string PhaseClusterLeave = "cluster-leave";

    /// <summary>Singletons move away.</summary>
    public const string PhaseClusterExiting = "cluster-exiting";

    /// <summary>The cluster knows that this member has gone.</summary>
    public const string PhaseClusterExitingDone = "cluster-exiting-done";

    /// <summary>The cluster extension stops.</summary>
    public const string PhaseClusterShutdown = "cluster-shutdown";

    /// <summary>The last phase in which actors run.</summary>
    public const string PhaseBeforeActorSystemTerminate = "before-actor-system-terminate";

    /// <summary>The actor system stops.</summary>
    public const string PhaseActorSystemTerminate = "actor-system-terminate";

    private readonly ImmutableDictionary<string, ShutdownPhase> phases;
    private readonly ImmutableList<string> order;
    private readonly HashSet<string> knownPhases;
    private readonly ConcurrentDictionary<string, ImmutableList<ShutdownTask>> tasks = new();
    private readonly TaskCompletionSource<Done> run = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ILoggingAdapter log;
    private Reason shutdownReason;

    internal CoordinatedShutdown(ExtendedActorSystem system, Config config)
    {
        System = system;
        log = Logging.GetLogger(system, GetType());
        phases = ShutdownPhase.FromConfig(config);
        order = ShutdownPhase.InOrder(phases);
        knownPhases = [.. order];
    }

    /// <summary>The actor system.</summary>
    public ExtendedActorSystem System { get; }

    /// <summary>Why the shutdown runs; null while it does not.</summary>
    public Reason ShutdownReason => Volatile.Read(ref shutdownReason);

    /// <summary>The sum of the timeouts of the phases that have tasks.</summary>
    public TimeSpan TotalTimeout => tasks.Keys.Aggregate(TimeSpan.Zero, (sum, phase) => sum + Timeout(phase));

    /// <summary>The shutdown of an actor system.</summary>
    public static CoordinatedShutdown Get(ActorSystem sys) => sys.WithExtension<CoordinatedShutdown, CoordinatedShutdownExtension>();

    /// <summary>How long the tasks of a phase may take.</summary>
    /// <exception cref="ArgumentException">There is no such phase.</exception>
    public TimeSpan Timeout(string phase)
        => phases.TryGetValue(phase, out var found)
            ? found.Timeout
            : throw new ArgumentException($"Unknown phase [{phase}]. All phases must be defined in configuration.", nameof(phase));

    /// <summary>Adds a task to a phase. It runs beside the other tasks of the phase; the next phase waits for all of them. A task of a phase
    /// that has begun is not run; a task may add others to later phases.</summary>
    /// <exception cref="ConfigurationException">There is no such phase.</exception>
    public void AddTask(string phase, string taskName, Func<Task<Done>> task)
    {
        if (!knownPhases.Contains(phase))
        {
            throw new ConfigurationException(
                $"Unknown phase [{phase}], known phases [{string.Join(",", order)}]. All phases (along with their optional dependencies) must be defined in configuration.");
        }

        tasks.AddOrUpdate(phase, _ => [new(taskName, task)], (_, others) => others.Add(new(taskName, task)));
    }

    /// <summary>Runs the phases, from one on where it is named. A second call changes nothing and waits for the first.</summary>
    /// <returns>Ends with the last phase; fails with the first phase that fails and does not recover.</returns>
    public Task<Done> Run(Reason reason, string fromPhase = null)
    {
        if (Interlocked.CompareExchange(ref shutdownReason, reason, null) is null)
            _ = RunPhases(fromPhase is null ? order : order.SkipWhile(phase => phase != fromPhase));
        return run.Task;
    }

    private async Task RunPhases(IEnumerable<string> phasesToRun)
    {
        try
        {
            foreach (var phase in phasesToRun)
                await RunPhase(phase).ConfigureAwait(false);
            run.SetResult(Done.Instance);
        }
        catch (Exception exception)
        {
            run.SetException(exception);
        }
    }

    private async Task RunPhase(string name)
    {
        if (!tasks.TryGetValue(name, out var phaseTasks))
        {
            log.Debug("Performing phase [{0}] with [0] tasks.", name);
            return;
        }

        log.Debug("Performing phase [{0}] with [{1}] tasks: [{2}]", name, phaseTasks.Count, string.Join(",", phaseTasks.Select(task => task.Name)));
        var phase = phases[name];
        var work = Task.WhenAll(phaseTasks.Select(task => RunTask(name, phase, task)).ToArray());
        using var timer = new Cancelable(System.Scheduler.Advanced);
        if (await Task.WhenAny(work, Timer(phase.Timeout, timer)).ConfigureAwait(false) == work)
        {
            timer.Cancel();
            await work.ConfigureAwait(false);
        }
        else if (phase.Recover)
        {
            log.Warning("Coordinated shutdown phase [{0}] timed out after {1}", name, phase.Timeout);
        }
        else
        {
            throw new TimeoutException($"Coordinated shutdown phase [{name}] timed out after {phase.Timeout}");
        }
    }

    private async Task RunTask(string phaseName, ShutdownPhase phase, ShutdownTask task)
    {
        try
        {
            await task.Run().ConfigureAwait(false);
        }
        catch (Exception exception) when (phase.Recover)
        {
            log.Warning("Task [{0}] failed in phase [{1}]: {2}", task.Name, phaseName, exception.Message);
        }
    }

    private Task Timer(TimeSpan timeout, ICancelable cancelable)
    {
        var elapsed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            System.Scheduler.Advanced.ScheduleOnce(timeout, () => elapsed.TrySetResult(), cancelable);
        }
        catch (Exception exception) when (exception is SchedulerException or InvalidOperationException)
        {
            // The actor system has stopped and its scheduler with it: nothing counts the time any more, the tasks end by themselves.
        }

        return elapsed.Task;
    }

    private sealed record ShutdownTask(string Name, Func<Task<Done>> Run);
}
