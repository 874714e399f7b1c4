using System.Diagnostics;
using System.Globalization;
using ActorTrain.Actors.Goodput;
using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Judging;
using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Spikes;
using ActorTrain.Actors.Supervision;
using ActorTrain.Actors.Terms;
using ActorTrain.Actors.Tracing;
using ActorTrain.Chaos;
using ActorTrain.Data.Plan;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Control;
using ActorTrain.Host.Hosting;
using ActorTrain.Host.Memory;
using ActorTrain.Host.Progress;
using ActorTrain.Models;
using ActorTrain.Models.Layers;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Machine;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Recovery;
using ActorTrain.Persistence.Runs;
using ActorTrain.Persistence.Terms;
using Akka.Actor;

namespace ActorTrain.Host.Training;

/// <summary>One process's part of a run, to its last step or a stop: makes what the actors work with, starts them, and waits for the
/// end.</summary>
internal sealed class RunProcess
{
    /// <summary>Key of the identity of the data in checkpoints.</summary>
    internal const string DataKey = "data";

    private const string ReferenceKey = "reference";

    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(10);

    private readonly RunConfiguration configuration;
    private readonly NumericEnvironment environment;
    private readonly TokenStore data;
    private readonly ReplicaSetup setup;
    private readonly RunDirectory directory;
    private readonly ITrainingProgress progress;
    private readonly MemoryCheck memory;
    private readonly MemoryPlan needed;
    private readonly bool wasKilledForMemory;
    private readonly NodesSetup? nodes;
    private readonly CheckpointStore store;
    private readonly ChaosProcess? chaos;
    private readonly TermLease term;
    private readonly CheckpointHistory history;
    private readonly long? extendTo;
    private readonly TimeProvider time;
    private RunOrigin origin = RunOrigin.Seed;

    // Of the checkpoint that the run resumes from.
    private string? referenceDigest;

    /// <summary>Reads the journal and prepares the run.</summary>
    /// <param name="memory">Rejects more trainers than fit into memory.</param>
    /// <param name="wasKilledForMemory">Whether the previous process was probably killed for lack of memory.</param>
    /// <param name="term">Of this process; taken by now if the database is shared.</param>
    /// <param name="chaos">Faults to apply, in a process that <c>actortrain chaos</c> started.</param>
    /// <param name="extendTo">New total of steps; null for no extension.</param>
    /// <param name="nodes">The processes that host its trainers; null for this one.</param>
    /// <exception cref="UserErrorException">The journal cannot be read, or the run cannot be extended to so few steps; nothing has changed.
    /// Once in training, a run waits for its database, but an initial failure is probably a configuration error.</exception>
    public RunProcess(
        RunConfiguration configuration, NumericEnvironment environment, TokenStore data, RunDirectory directory, ITrainingProgress progress,
        TimeProvider time, MemoryCheck memory, bool wasKilledForMemory, TermLease term, ChaosProcess? chaos = null,
        long? extendTo = null, NodesSetup? nodes = null)
    {
        var decided = Decided(directory, configuration, isHeld: true);
        history = CheckpointHistory.Of(decided);
        Steps = StepsOf(decided, configuration);

        // The same command repeated after a kill must not extend the run again.
        if (extendTo < Steps || (extendTo == Steps && !decided.OfType<RunExtended>().Any()))
            throw new UserErrorException($"{directory.Path} already has {Steps} steps, so it is not extended to {extendTo}; set "
                + $"--extend-to to more than {Steps}.");
        Steps = extendTo ?? Steps;
        this.extendTo = extendTo;
        this.time = time;
        this.chaos = chaos;
        this.term = term;
        this.configuration = configuration;
        this.environment = environment;
        this.data = data;
        this.directory = directory;
        this.progress = progress;
        this.memory = memory;
        this.wasKilledForMemory = wasKilledForMemory;
        this.nodes = nodes;
        setup = new ReplicaSetup(configuration, environment, data, directory);
        needed = MemoryPlan.ToTrain(
            configuration, setup.Model, environment.IsFused, sequences: TrainingStage.SequencesOf(data, configuration),
            hasRollouts: setup.Rollouts is not null);
        store = new CheckpointStore(
            directory.CheckpointsDirectory,
            configuration.CheckpointStore(),
            time) { Term = term };
    }

    /// <summary>This process among those that may lead the run; null if no other may.</summary>
    public ControlProcess? Control { get; init; }

    /// <summary>Asks the run's actors how they are.</summary>
    public ServiceWatch? Service { get; init; }

    /// <summary>Steps that are taken and kept.</summary>
    public long Step => origin.Step;

    /// <summary>Extensions included.</summary>
    public long Steps { get; private set; }

    private long TokensPerStep => setup.Samples.TokensPerStep;

    /// <summary>Finds the newest intact checkpoint that the run has not abandoned.</summary>
    /// <returns>Whether there is one, or the run rolled back to its initial weights.</returns>
    /// <exception cref="UserErrorException">It belongs to another run, or to this one whose decisions are gone.</exception>
    public bool Restore()
    {
        using var checkpoint = store.LoadLatest(setup.Layout, fault => progress.Warning(fault.Sentence), isLeft: history.IsVoid);
        if (checkpoint is null)
            return store.List().Any(info => info.Manifest is { } manifest && history.IsVoid(manifest));
        var facts = checkpoint.Manifest.Facts;
        if (facts.ConfigurationHash != configuration.Hash)
        {
            throw new UserErrorException(
                $"{checkpoint.Path} belongs to another configuration than {directory.ConfigurationFile}, or was saved by a version of "
                + "actortrain whose runs this one does not resume; choose another run.name.");
        }

        if (facts.State.GetValueOrDefault(DataKey) is { } identity && identity != data.Identity)
            throw new UserErrorException(
                $"{data.Folder} is not the data that {checkpoint.Path} was trained on; give the old data.path or another run.name.");

        referenceDigest = facts.State.GetValueOrDefault(ReferenceKey);
        origin = RunOrigin.Of(checkpoint.Manifest);
        foreach (var difference in facts.Fingerprint.DifferencesFrom(environment.Fingerprint))
            progress.Warning(
                $"the numeric fingerprint differs from the checkpoint's, so the bits may differ from an undisturbed run: {difference}.");
        return true;
    }

    /// <summary>The steps of a run, extensions included.</summary>
    /// <exception cref="UserErrorException">Its journal cannot be read.</exception>
    public static long StepsOf(RunDirectory directory, RunConfiguration configuration) =>
        StepsOf(Decided(directory, configuration), configuration);

    public static long StepsOf(IReadOnlyList<RunEvent> decided, RunConfiguration configuration) =>
        Math.Max(configuration.Training.Steps, JournalState.Of(decided).Steps);

    /// <summary>Trains until the last step, or until a stop is requested; saves the last state.</summary>
    /// <param name="reload">Reloads the run file, given how to change the number of trainers; see <see cref="RunFileReload"/>.</param>
    /// <returns>Finished or stopped. A stop that an operator has requested is the end of the run for all control processes, and so is a
    /// failure of the run; one by a signal is not.</returns>
    /// <exception cref="UserErrorException">The run cannot continue; the message says what failed, how often, and where to
    /// look.</exception>
    public RunEnding Train(Func<Action<int>, RunFileReload> reload, CancellationToken stop)
    {
        // A few products are near enough for what is printed of it, and every start waits for them.
        var gemmRate = GemmRate.Measure(setup.Replica.Precision, environment.Device, repeats: 4);

        Introduce(gemmRate);
        PrepareReference(stop);
        TakeOver();

        // Skipped checkpoints must not count as kept. If none was intact, none is deleted either.
        if (origin.WeightsHash is not null)
            store.DiscardAfter(origin.Step);
        using var judge = setup.Rollouts?.Judge(directory.JudgementsFile, time, term);
        var run = Run(gemmRate, judge);
        using var log = RunLog.Open(directory);
        using var host = chaos is null ? TrainingHost.Start(run, log)
            : TrainingHost.Start(chaos.Break(run, configuration.Training.MicroBatch), log, chaos.Break);
        using var workers = nodes?.StartWorkers(host, log, progress, setup.Rollouts is not null);
        if (workers is not null)
            chaos?.Watch(workers.ProcessOf);
        try
        {
            var control = new RunControl(host.Run, host.Nodes, MessageTrace.Of(host.System), RequireMemoryFor)
                {
                    Process = Control,
                    HasRollouts = setup.Rollouts is not null,
                };
            var file = reload(control.Scale);
            using var server =
                new ControlServer(directory, new ControlRoutes(directory, control, configuration.Training.Lanes, file.Apply), log)
                {
                    Term = term,
                };
            using var watched = Service?.Ask(within => Standing(host.Run, within));
            using var hangUp = new HangUpSignal(file, progress);
            using var stopping = stop.Register(() => host.Run.Tell(new StopRun("stopped by signal"), ActorRefs.NoSender));
            var ended = host.Outcome.GetAwaiter().GetResult();
            if (ended.Ending == RunEnding.Superseded)
                throw new TermLostException(ended.Report);
            origin = origin with { Step = ended.Step };
            Leave(host.RecoveryState.Unwritten);
            if (ended.Ending == RunEnding.Failed || (ended.Ending == RunEnding.Stopped && control.IsStopRequested))
                term.Conclude(new TermEnding(ended.Ending, ended.Report));
            return ended.Ending != RunEnding.Failed ? ended.Ending : throw new UserErrorException(ended.Report);
        }
        finally
        {
            // A trainer that hangs does not block the process: everything it could still do is refused.
            host.End(EndPatience);
        }
    }

    private static async Task<ServiceState> Standing(IActorRef run, TimeSpan within)
    {
        var status = await run.Ask<RunStatus>(new GetStatus(), within).ConfigureAwait(false);
        return new ServiceState(true, $"step {status.Step} of {status.Steps}: {StatusDocument.InWords(status.Phase)}");
    }

    // A database in the run's folder is first written to here: until now the run may have been refused, which changes nothing.
    private void TakeOver()
    {
        if (!term.IsShared)
            term.Take();
        if (!term.MayHaveRival)
            return;
        term.Confirm();
        directory.Detach();
    }

    private void PrepareReference(CancellationToken stop)
    {
        var isNew = setup.PrepareReference(source => new ReferencePass(
            directory.BaseOf(configuration.Base)!, setup.Model, setup.Replica.Precision, configuration.Training.MicroBatch,
            configuration.Preference.NeedsMismatched, environment.Device, progress)
            .Run(source, data.TrainSequences, data.ValidationSequences, stop));
        if (setup.Reference is not { } reference)
            return;
        if (referenceDigest is { } trainedOn && trainedOn != reference.Digest)
            throw new UserErrorException($"{directory.ReferenceDirectory} does not hold the log-probabilities that {directory.Path} was "
                + $"trained on; restore that folder, or choose another run.name.");
        if (isNew)
            reference.Write(directory.ReferenceDirectory);
    }

    // The decisions in the journal, and those that the last process could not write to it.
    private static IReadOnlyList<RunEvent> Decided(RunDirectory directory, RunConfiguration configuration, bool isHeld = false)
    {
        var left = directory.ReadUnwritten() is { } content ? UnwrittenCodec.Read(directory.UnwrittenFile, content)
            : UnwrittenRecords.None(0);
        return left.After(RunDecisions.Read(directory, configuration.Journal.Connection, isHeld));
    }

    // All checkpoints that it may have to roll back to, the newest intact one last.
    private IEnumerable<RunOrigin> Origins() => origin.WeightsHash is null
        ? []
        : store.List().Where(info => info.Manifest is { Facts: var facts } manifest && facts.ConfigurationHash == configuration.Hash
            && facts.Step < origin.Step && !history.IsVoid(manifest))
            .OrderBy(static info => info.Step).Select(static info => RunOrigin.Of(info.Manifest!)).Append(origin);

    private UnwrittenRecords? Left()
    {
        if (directory.ReadUnwritten() is not { } content)
            return null;
        var left = UnwrittenCodec.Read(directory.UnwrittenFile, content);

        // Measurements of another state than the one to resume from are taken again.
        return left.Measurements.Count == 0 || left.Measurements[^1].Step == origin.Step ? left
            : left with { MetricsStep = origin.Step, Measurements = [] };
    }

    private void Leave(UnwrittenRecords unwritten)
    {
        directory.WriteUnwritten(unwritten.IsEmpty ? null : UnwrittenCodec.Write(unwritten));
        if (!unwritten.IsEmpty)
            progress.Warning($"{directory.UnwrittenFile} keeps {unwritten.Decisions.Count} decisions and {unwritten.Measurements.Count} "
                + $"measurements that could not be written; they will be written on the next start.");
    }

    private void RequireMemoryFor(int trainers) => memory.Require(
        $"The run with {trainers} trainers", MemoryPlan.ToTrain(
            configuration, setup.Model, environment.IsFused, trainers, TrainingStage.SequencesOf(data, configuration),
            setup.Rollouts is not null),
            way: "a run that was started with --force skips this check");

    private TrainingRun Run(double gemmRate, RecordedJudge? judge)
    {
        var advice =
            $"The run needs about {MemoryPlan.Words(needed.Bytes)} of memory ({needed}); less with fewer checkpoints.snapshots or "
            + $"trainers.count, training.recompute block, a lower training.micro_batch, or a smaller model.";
        var trainers = configuration.Trainers.Supervision;
        return new TrainingRun(setup.Work())
        {
            Name = directory.Name,
            Options = Options(),
            Rollouts = setup.Rollouts?.Run(setup.Model, directory, environment, judge, term, onNodes: nodes is not null),
            Nodes = nodes?.Run(configuration, data, directory, environment, progress, term.Number),
            Detection = configuration.Spikes.Detection(configuration.Scoring.PartWeights()),
            Trainers = trainers with { Threads = environment.Threads, Log = directory.LogFile, MemoryAdvice = advice },
            Limits = new RestartLimits(trainers.MaxLosses, trainers.Window, directory.LogFile, advice),
            Checkpoints = store,
            Fingerprint = environment.Fingerprint,
            CheckpointState = setup.Reference is not { } reference ? new Dictionary<string, string> { [DataKey] = data.Identity }
                : new Dictionary<string, string> { [DataKey] = data.Identity, [ReferenceKey] = reference.Digest },
            Journal = JournalDatabase.Of(directory.JournalFile, chaos?.Connection ?? configuration.Journal.Connection),
            Term = term,
            Metrics = new MetricsOptions
            {
                MetricsFile = directory.MetricsFile,
                LedgerFile = directory.LedgerFile,
                TokensPerStep = TokensPerStep,
                FlopsPerToken = setup.Model.TrainingFlopsPerToken,
                GemmRate = gemmRate,
            },
            Goodput = new GoodputOptions
            {
                File = directory.GoodputFile,
                ProcessBegan = ProcessBegan(),
                Death = wasKilledForMemory ? GoodputClock.KilledForMemory : GoodputClock.Killed,
                Reached = MetricsLog.ReadHistory(directory.MetricsFile).Reached,
            },
            RecoveryState = RecoveryState.Of(Origins(), Left()),
            Notify = new RunDisplay(progress, TokensPerStep, setup.Model.TrainingFlopsPerToken, gemmRate, store.PathOf)
            {
                RewardParts = setup.Rollouts is null ? [] : configuration.Scoring.Parts(),
                Rollouts = configuration.Rollouts.Schedule(),
            }.Notify,
        };
    }

    private RunLogicOptions Options()
    {
        var (options, trainers, saving) = (configuration.Training, configuration.Trainers, configuration.Checkpoints);
        return new RunLogicOptions
        {
            ConfigurationHash = configuration.Hash,
            Schedule = setup.Replica.Schedule,
            Extension = extendTo is { } steps ? (steps, Environment.UserName) : null,
            FormerEnd = wasKilledForMemory ? OutOfMemoryKills.Sentence : null,
            Lanes = options.Lanes,
            Trainers = trainers.Count,
            Reducers = configuration.ReducerCount,
            DividesOptimizer = configuration.Parallel.Zero > 0,
            EvaluateEvery = configuration.Evaluation.Every,
            CheckpointEvery = saving.Every ?? 0,
            SaveInterval = saving.Every is null ? saving.Interval : null,
            CheckpointPeriod = saving.Period,
            SnapshotEvery = saving.SnapshotEvery,
            SnapshotSlots = saving.Snapshots + configuration.Rollouts.Snapshots(),
            KeepEvery = saving.Store.KeepEvery,
            ProofSteps = saving.ProofSteps,
            TokensPerStep = TokensPerStep,
            Norms = new TensorNorms(setup.Layout),
            PreviewsUpdates = configuration.Spikes.Watches(SpikeSignal.UpdateNorm),
            JournalBuffer = configuration.Journal.Buffer,
            TrainerTimeout = trainers.Timeout,
            RetryInterval = trainers.RetryInterval,
            Ladder = configuration.Spikes.Ladder,
            Audit = configuration.Audit,
        };
    }

    private static DateTimeOffset ProcessBegan()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime.ToUniversalTime());
    }

    private void Introduce(double gemmRate)
    {
        var fingerprint = environment.Fingerprint;
        var trainers = configuration.Trainers.Count;
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{configuration.Run.Name}: {setup.Model.Family.ToString().ToLowerInvariant()} with {setup.Layout.ParameterCount:N0} "
                + $"parameters, {Steps} steps of {TokensPerStep:N0} tokens, "
            + $"{setup.Replica.Precision.ToString().ToLowerInvariant()} on {fingerprint.Device}, {trainers} "
                + $"{(trainers == 1 ? "trainer" : "trainers")} of {environment.Threads} "
                + $"{(environment.Threads == 1 ? "thread" : "threads")}, "
            + $"kernels {fingerprint.Kernels}, matrix multiplication at {gemmRate / 1e9:F0} GFLOP/s");
        progress.Note(text);
        if (Repetition.Within(data, setup.Samples.Samples, configuration.Training, setup.Model.ContextLength) is { } repetition)
            progress.Warning(repetition);
        progress.Note($"memory: about {MemoryPlan.Words(needed.Bytes)} at peak ({needed})"
            + (AvailableMemory.Read() is { } there ? $"; {MemoryPlan.Words(there.Bytes)} of {MemoryPlan.Words(there.Of)} available" : ""));
        if (configuration.Training.Compute.Recompute != Recompute.None && !environment.IsFused)
            progress.Warning($"training.recompute has no effect without the fused kernels: {FusedKernels.Missing}.");
        if (origin.Step > 0)
            progress.Note($"resuming after step {origin.Step}");
    }
}
