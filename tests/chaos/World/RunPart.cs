using System.Collections.Concurrent;
using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Spikes;
using ActorTrain.Actors.Supervision;
using ActorTrain.Actors.Terms;
using ActorTrain.Actors.Training;
using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Runtime;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace ActorTrain.Chaos.Tests.World;

/// <summary>One process's part of a run under a schedule: the real supervision tree on real tensors, files and databases, from the newest
/// checkpoint to its end, with everything freed after it.</summary>
internal sealed class RunPart
{
    public static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(30);

    /// <summary>How trainers and workers are kept alive.</summary>
    public static readonly TrainerSupervisorOptions Supervised = new()
    {
        MinBackoff = TimeSpan.FromMilliseconds(5),
        MaxBackoff = TimeSpan.FromMilliseconds(40),
        ResetAfter = TimeSpan.FromSeconds(1),
        MaxLosses = 1000,
        Log = "run.log",
    };

    // Only a deadlock, or a machine that stands still, takes so long.
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(120);

    private readonly RandomSchedule schedule;
    private readonly ChaosPlace place;
    private readonly ConcurrentQueue<string> said = new();
    private readonly ConcurrentQueue<string> bugs = new();
    private readonly List<(long Step, int Trainers)> scales;
    private readonly int? stopAt;
    private readonly UnwrittenRecords? left;
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int devices;
    private TrainingHost? host;

    /// <param name="schedule">Its faults.</param>
    /// <param name="life">Which part of the run, from 0.</param>
    /// <param name="place">Where the run is kept.</param>
    /// <param name="left">What the part before it could not write.</param>
    public RunPart(RandomSchedule schedule, int life, ChaosPlace place, UnwrittenRecords? left = null)
    {
        this.left = left;
        this.schedule = schedule;
        this.place = place;
        scales = [.. schedule.Scales];
        stopAt = life < schedule.Cuts.Count && schedule.Cuts[life] is { How: Cut.Stop, At: var at } ? at : null;
        Faults = new ChaosInjector(schedule, life) { OnCut = Break };
    }

    public ChaosInjector Faults { get; }

    /// <summary>Called with the number of updates after each step, on the supervisor's thread.</summary>
    public Action<RunPart, long>? OnStep { get; init; }

    /// <summary>Changes of how trainers are kept alive.</summary>
    public Func<TrainerSupervisorOptions, TrainerSupervisorOptions> Supervision { get; init; } = static options => options;

    /// <summary>What is changed of the device of a trainer.</summary>
    public Func<ReplicaDeviceOptions, TrainerKey, ReplicaDeviceOptions> Machine { get; init; } = static (device, _) => device;

    /// <summary>The rules that judge; by default there is nothing to find.</summary>
    public SpikeDetection Detection { get; init; } = new([new NonFiniteRule()]);

    /// <summary>Whether the database may fail by itself.</summary>
    public bool DatabaseFails { get; init; }

    /// <summary>What this part could not write.</summary>
    public UnwrittenRecords? Unwritten { get; private set; }

    /// <summary>What people were told.</summary>
    public IReadOnlyCollection<string> Said => said;

    /// <summary>Asks the run how it stands.</summary>
    public RunStatus Status() => host!.Run.Ask<RunStatus>(new GetStatus(), TimeSpan.FromSeconds(5)).GetAwaiter().GetResult();

    /// <summary>Runs to the end of this part, and sees to it that nothing of it is left.</summary>
    public RunEnded Live()
    {
        using var term = place.Lease();
        term.Take();
        host = TrainingHost.Start(Run(term), NullLoggerFactory.Instance, akka => akka
            .AddHocon(FaultyJournal.Configuration, HoconAddMode.Prepend)
            .WithActors((system, _) => Watch(system))
            .WithFaults(Faults));
        using var _ = host;
        RunEnded ended;
        try
        {
            started.SetResult();
            if (!host.Outcome.Wait(Guard))
                throw new InvalidOperationException($"The run did not end within {Guard.TotalSeconds} s: {StatusText()}\n{Told()}");
            ended = host.Outcome.Result;
        }
        finally
        {
            Faults.Release();
            if (!host.End(Guard))
                bugs.Enqueue("The actor system does not end.");
        }

        Unwritten = host.RecoveryState.Unwritten;
        if (Faults.Threads.Any(thread => !thread.Join(Guard)))
            bugs.Enqueue("A thread of a trainer or of the checkpointer is left.");
        if (!bugs.IsEmpty)
            throw new InvalidOperationException($"{string.Join("\n", bugs)}\n{Told()}");
        devices.ShouldBe(0, "devices that nobody freed");
        host.Transport.CloseAll();
        host.Transport.Memory.Rented.ShouldBe(0, "gradient vectors that nobody gave back");
        var snapshots = host.Snapshots;
        snapshots.Allocated.ShouldBeLessThanOrEqualTo(snapshots.Slots, "snapshots that nobody freed");
        snapshots.Dispose();
        snapshots.Allocated.ShouldBe(0, "snapshots that somebody still uses");
        return ended;
    }

    /// <summary>Tells the run.</summary>
    public void Tell(object input)
    {
        // The first step may be shown before the host is known here.
        started.Task.Wait(Guard);
        host!.Run.Tell(input);
    }

    private TrainingRun Run(TermLease term)
    {
        var (training, store) = (schedule.Training, place.OpenCheckpoints(term));
        var origin = RunOrigin.Seed;
        var history = CheckpointHistory.Of((left ?? UnwrittenRecords.None(0)).After(store.List().Count > 0 ? place.ReadJournal() : []));
        using (var checkpoint = store.LoadLatest(training.Layout, fault => bugs.Enqueue(fault.Sentence), isLeft: history.IsVoid))
        {
            if (checkpoint is not null)
                origin = RunOrigin.Of(checkpoint.Manifest);
        }

        store.DiscardAfter(origin.Step);
        var data = training.Open(place, schedule);
        return new TrainingRun
        {
            Name = ChaosPlace.RunName,
            Options = new RunLogicOptions
            {
                ConfigurationHash = ChaosPlace.ConfigurationHash,
                Schedule = training.Replica.Schedule,
                Extension = schedule.Extension,
                Lanes = training.Replica.Lanes,
                Trainers = schedule.Trainers,
                Reducers = schedule.Reducers,
                EvaluateEvery = schedule.EvaluateEvery,
                CheckpointEvery = schedule.CheckpointEvery,
                SnapshotSlots = schedule.SnapshotSlots,
                SnapshotEvery = schedule.SnapshotEvery,
                Audit = new() { Every = schedule.AuditEvery },
                ProofSteps = schedule.ProofSteps,
                TokensPerStep = training.TokensPerStep,
                Norms = new TensorNorms(training.Layout),
                PreviewsUpdates = schedule.PreviewsUpdates,
                DividesOptimizer = schedule.Divides,
                JournalBuffer = schedule.JournalBuffer,
                TrainerTimeout = schedule.TrainerTimeout,
                RetryInterval = RetryInterval,
                EndPatience = Guard,
            },
            Replica = training.Replica,
            Plan = training.Plan,
            Samples = data.Samples,
            Targets = data.Targets,
            Base = data.Base,
            Validation = data.Validation,
            ByteCounts = data.ByteCounts,
            Rollouts = data.Rollouts is not { } rollouts ? null : rollouts with { Wrap = MakeDevice },
            Detection = Detection,
            Trainers = Supervision(Supervised),
            Limits = new RestartLimits(1000, TimeSpan.FromMinutes(10), "run.log"),
            // Trainers differ in how many lanes they compute at once and in what they compute again, which must change no bit.
            MakeDevice = (device, trainer) => MakeDevice(
                Machine(
                    device with { LanesAtOnce = 1 << (trainer.Number % 3), Recompute = (Recompute)(trainer.Number % 3) }, trainer),
                trainer),
            Checkpoints = store,
            Fingerprint = ChaosPlace.Fingerprint,
            Journal = place.Journal,
            Term = term,
            Metrics = new MetricsOptions
            {
                MetricsFile = place.MetricsFile,
                LedgerFile = place.LedgerFile,
                TokensPerStep = training.TokensPerStep,
                FlopsPerToken = training.Replica.Model.TrainingFlopsPerToken,
                GemmRate = 1e9,
            },
            Notify = Notify,
            RecoveryState = RecoveryState.Of([.. store.List().Where(info => info.Step < origin.Step).Reverse()
                .Select(static info => RunOrigin.Of(info.Manifest!)), origin], left),
        };
    }

    private CountedDevice MakeDevice(ReplicaDeviceOptions options, TrainerKey trainer) => MakeDevice(
        $"{trainer}", () => new CountedDevice(new FaultyDevice(options, $"{trainer}", Faults), () => Interlocked.Decrement(ref devices)));

    private CountedWorker MakeDevice(IWorkerDevice device, ActorId worker) => MakeDevice(
        $"{worker}", () => new CountedWorker(new FaultyWorkerDevice(device, $"{worker}", Faults), () => Interlocked.Decrement(ref devices)),
        device.Dispose);

    private T MakeDevice<T>(string actor, Func<T> make, Action? giveUp = null)
        where T : IDisposable
    {
        var fault = Faults.ChooseCall(actor, "Make");
        if (fault == Fault.Throw)
        {
            giveUp?.Invoke();
            throw new InjectedFaultException("There was made to be no device.");
        }

        var device = make();
        Interlocked.Increment(ref devices);
        if (fault != Fault.ThrowAfter)
            return device;
        device.Dispose();
        throw new InjectedFaultException("The device was made to fail when it was new.");
    }

    // It hears of errors before anybody can make one.
    private void Watch(ActorSystem system)
    {
        var (heard, databaseFails) = (bugs, DatabaseFails || schedule.JournalStorm > 0);
        var (bitsFlip, rolloutsAreWrong) = (schedule.Flips.Count > 0, schedule.Wrong is not null);
        var watch = system.ActorOf(Props.Create(() => new ErrorWatch(heard, databaseFails, bitsFlip, rolloutsAreWrong)), "errors");
        watch.Ask<string>("ready", Guard).Wait(Guard);
    }

    private void Notify(RunNotice effect)
    {
        switch (effect)
        {
            case NotifyText say:
                said.Enqueue(say.Sentence);
                if (say.Sentence.StartsWith("the supervisor of the run failed", StringComparison.Ordinal))
                    Faults.Decisions.SupervisorFailed();
                break;
            case NotifyMeasurement { Measurement: StepMeasurement { Step: var step } }:
                foreach (var scale in scales.Where(scale => scale.Step <= step).ToList())
                {
                    scales.Remove(scale);
                    Tell(new ScaleTrainers(scale.Trainers));
                }

                // Asked each time: the request itself may get lost.
                if (stopAt <= step)
                    Tell(new StopRun("the schedule"));
                Tell(new GetStatus());
                OnStep?.Invoke(this, step);
                break;
        }
    }

    private void Break(Cut how)
    {
        if (how == Cut.Kill)
            System.Diagnostics.Process.GetCurrentProcess().Kill();

        // An actor system ends when its last actor does: what hangs comes back into the midst of it.
        started.Task.Wait(Guard);
        _ = host!.System.Terminate();
        Faults.Release();
    }

    private string StatusText()
    {
        try
        {
            return Text(Status());
        }
        catch (AskTimeoutException exception)
        {
            return $"no status: {exception.Message}";
        }
    }

    private string Told() => $"said:\n  {string.Join("\n  ", said.TakeLast(30))}\n{Faults.Describe()}";

    private static string Text(RunStatus status) =>
        $"{status with { Trainers = [], Faults = [], Actors = [] }}\n  {string.Join("\n  ", status.Trainers)}\n  "
            + $"{string.Join("\n  ", status.Actors)}\n  {string.Join("\n  ", status.Faults)}";
}
