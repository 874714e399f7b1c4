using System.Collections.Concurrent;
using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Faults;
using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Actors.Spikes;
using ActorTrain.Actors.Supervision;
using ActorTrain.Actors.Training;
using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Models.Optimization;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Recovery;
using Akka.Actor;
using Akka.Configuration;

namespace ActorTrain.Chaos.Tests.World;

/// <summary>One process's part of a run under a schedule: the real supervision tree on real tensors, files and databases, from the newest
/// checkpoint to its end, with everything freed after it.</summary>
internal sealed class ChaosLife
{
    // Only a deadlock, or a machine that stands still, takes so long.
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(120);

    // Trainers that are given up but hang are alive beside those in their place.
    private const int TrainersBeside = 32;

    private readonly ChaosSchedule schedule;
    private readonly ChaosPlace place;
    private readonly ConcurrentQueue<string> said = new();
    private readonly ConcurrentQueue<string> bugs = new();
    private readonly ConcurrentDictionary<Thread, bool> threads = new();
    private readonly List<(long Step, int Trainers)> scales;
    private readonly int? stopAt;
    private readonly UnwrittenRecords? left;
    private int devices;
    private ActorSystem? system;

    /// <param name="schedule">What befalls it.</param>
    /// <param name="life">Which part of the run, from 0.</param>
    /// <param name="place">Where the run is kept.</param>
    /// <param name="left">What the part before it could not write.</param>
    public ChaosLife(ChaosSchedule schedule, int life, ChaosPlace place, UnwrittenRecords? left = null)
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
    public Action<ChaosLife, long>? OnStep { get; init; }

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
    public RunStatus Status() => system!.ActorSelection("/user/" + RunGuardian.Name).Ask<RunStatus>(new GetStatus(), TimeSpan.FromSeconds(5)).GetAwaiter().GetResult();

    /// <summary>Runs to the end of this part, and sees to it that nothing of it is left.</summary>
    public RunEnded Live()
    {
        var training = schedule.Training;
        using var snapshots = new SnapshotMemory(training.Layout.Length, schedule.SnapshotSlots);
        using var transport = new LocalGradientTransport(
            training.Layout.Length, ChaosTraining.Lanes, schedule.Reducers, LocalGradientTransport.CapacityFor(ChaosTraining.Lanes, ChaosTraining.Lanes + TrainersBeside, totalsKept: 3));
        var key = Guid.NewGuid().ToString("N");
        var outcome = new TaskCompletionSource<RunEnded>(TaskCreationOptions.RunContinuationsAsynchronously);
        var parts = Parts(snapshots, transport);
        system = ActorSystem.Create("chaos", ChaosJournal.Settings(key, Faults).WithFallback(place.Settings));
        RunEnded ended;
        IActorRef watch;
        try
        {
            var (heard, databaseFails, bitsFlip) = (bugs, DatabaseFails || schedule.JournalStorm > 0, schedule.Flips.Count > 0);
            watch = system.ActorOf(Props.Create(() => new ErrorWatch(heard, databaseFails, bitsFlip)), "errors");
            watch.Ask<string>("ready", Guard).Wait(Guard);
            system.ActorOf(Props.Create(() => new RunGuardian(parts, outcome)), RunGuardian.Name);
            if (!outcome.Task.Wait(Guard))
                throw new InvalidOperationException($"The run did not end within {Guard.TotalSeconds} s: {StatusText()}\n{Told()}");
            ended = outcome.Task.Result;
        }
        finally
        {
            Faults.Release();
            if (!system.Terminate().Wait(Guard))
                bugs.Enqueue("The actor system does not end.");
            ChaosJournal.Forget(key);
        }

        Unwritten = parts.RecoveryState.Unwritten;
        if (threads.Keys.Any(thread => !thread.Join(Guard)))
            bugs.Enqueue("A thread of a trainer or of the checkpointer is left.");
        if (!bugs.IsEmpty)
            throw new InvalidOperationException($"{string.Join("\n", bugs)}\n{Told()}");
        devices.ShouldBe(0, "devices that nobody freed");
        transport.CloseAll();
        transport.Memory.Rented.ShouldBe(0, "gradient vectors that nobody gave back");
        snapshots.Allocated.ShouldBeLessThanOrEqualTo(snapshots.Slots, "snapshots that nobody freed");
        snapshots.Dispose();
        snapshots.Allocated.ShouldBe(0, "snapshots that somebody still uses");
        return ended;
    }

    /// <summary>Tells the run.</summary>
    public void Tell(object input) => system!.ActorSelection("/user/" + RunGuardian.Name).Tell(input);

    private RunParts Parts(SnapshotMemory snapshots, LocalGradientTransport transport)
    {
        var (training, store) = (schedule.Training, place.OpenCheckpoints());
        var origin = RunOrigin.Seed;
        var history = CheckpointHistory.Of((left ?? UnwrittenRecords.None(0)).After(store.List().Count > 0 ? place.ReadJournal() : []));
        using (var checkpoint = store.LoadLatest(training.Layout, fault => bugs.Enqueue(fault.Sentence), isLeft: history.IsVoid))
        {
            if (checkpoint is not null)
                origin = RunOrigin.Of(checkpoint.Manifest);
        }

        store.DiscardAfter(origin.Step);
        var device = new ReplicaDeviceOptions
        {
            Replica = training.Replica,
            Plan = training.Plan,
            Samples = training.Read,
            Validation = training.ReadValidation,
            ByteCounts = training.ByteCounts,
            Transport = transport,
            Snapshots = snapshots,
            Checkpoints = store,
            Probe = memory => Faults.Touch(FaultTarget.Trainer, 0, memory),
        };
        var checkpoints = new CheckpointerOptions
        {
            Layout = training.Layout,
            ConfigurationHash = ChaosPlace.ConfigurationHash,
            Model = training.Replica.Model,
            Batch = training.Plan.BatchSize,
            Fingerprint = ChaosPlace.Fingerprint,
        };
        return new RunParts
        {
            Name = ChaosPlace.RunName,
            Options = new RunLogicOptions
            {
                ConfigurationHash = ChaosPlace.ConfigurationHash,
                Schedule = training.Replica.Schedule,
                Extension = schedule.Extension,
                Lanes = ChaosTraining.Lanes,
                Trainers = schedule.Trainers,
                Reducers = schedule.Reducers,
                EvaluateEvery = schedule.EvaluateEvery,
                HasValidation = true,
                CheckpointEvery = schedule.CheckpointEvery,
                SnapshotSlots = schedule.SnapshotSlots,
                SnapshotEvery = schedule.SnapshotEvery,
                Audit = new() { Every = schedule.AuditEvery },
                ProofSteps = schedule.ProofSteps,
                TokensPerStep = training.TokensPerStep,
                Norms = new TensorNorms(training.Layout),
                PreviewsUpdates = schedule.PreviewsUpdates,
                JournalBuffer = schedule.JournalBuffer,
                TrainerTimeout = schedule.TrainerTimeout,
                RetryInterval = TimeSpan.FromMilliseconds(30),
                EndPatience = Guard,
            },
            Plan = training.Plan,
            Detection = Detection,
            Trainers = Supervision(new TrainerSupervisorOptions
            {
                MinBackoff = TimeSpan.FromMilliseconds(5),
                MaxBackoff = TimeSpan.FromMilliseconds(40),
                ResetAfter = TimeSpan.FromSeconds(1),
                MaxLosses = 1000,
                Log = "run.log",
            }),
            Limits = new RestartLimits(1000, TimeSpan.FromMinutes(10), "run.log"),
            MakeDevice = trainer => MakeDevice(Machine(device, trainer)),
            Transport = transport,
            MakeSaving = () => MakeSaving(store, snapshots, checkpoints),
            Metrics = new MetricsOptions
            {
                MetricsFile = place.MetricsFile,
                LedgerFile = place.LedgerFile,
                TokensPerStep = training.TokensPerStep,
                FlopsPerToken = training.Replica.Model.TrainingFlopsPerToken,
                GemmRate = 1e9,
            },
            Notify = Notify,
            Faults = Faults,
            RecoveryState = RecoveryState.Of([.. store.List().Where(info => info.Step < origin.Step).Reverse().Select(static info => RunOrigin.Of(info.Manifest!)), origin], left),
        };
    }

    private ChaosDevice MakeDevice(ReplicaDeviceOptions options)
    {
        threads[Thread.CurrentThread] = true;
        var fault = Faults.ChooseCall("Make");
        if (fault == Fault.Throw)
            throw new InjectedFaultException("There was made to be no device.");
        var device = new ChaosDevice(new ReplicaDevice(options), Faults, () => Interlocked.Decrement(ref devices));
        Interlocked.Increment(ref devices);
        if (fault != Fault.ThrowAfter)
            return device;
        device.Dispose();
        throw new InjectedFaultException("The device was made to fail when it was new.");
    }

    private CheckpointSaving MakeSaving(CheckpointStore store, SnapshotMemory snapshots, CheckpointerOptions options)
    {
        threads[Thread.CurrentThread] = true;
        return new CheckpointSaving(store, snapshots, options);
    }

    private void Notify(RunNotice effect)
    {
        switch (effect)
        {
            case NotifyText say:
                said.Enqueue(say.Sentence);
                if (say.Sentence.StartsWith("the supervisor of the run failed", StringComparison.Ordinal))
                    Faults.Witness.SupervisorFailed();
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
        _ = system!.Terminate();
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
        $"{status with { Trainers = [], Faults = [], Actors = [] }}\n  {string.Join("\n  ", status.Trainers)}\n  {string.Join("\n  ", status.Actors)}\n  {string.Join("\n  ", status.Faults)}";
}
