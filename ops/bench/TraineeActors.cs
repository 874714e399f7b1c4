using System.Collections.Concurrent;
using System.Diagnostics;
using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Supervision;
using ActorTrain.Actors.Training;
using ActorTrain.Chaos;
using ActorTrain.Data.Plan;
using ActorTrain.Host.Hosting;
using ActorTrain.Models;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Steps;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Runs;
using Akka.Actor;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Bench;

/// <summary>Training of the benchmark model by the whole supervision tree, journal and files included, a few steps at a time.</summary>
internal sealed class TraineeActors : IDisposable
{
    private const int UsualLanes = 8;
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan StepPatience = TimeSpan.FromMinutes(5), TurnPatience = TimeSpan.FromHours(1),
        EndPatience = TimeSpan.FromMinutes(1);

    private readonly RunDirectory directory = new(Directory.CreateTempSubdirectory("actortrain-bench-").FullName, "bench");
    private readonly ModelOptions model;
    private readonly long tokensPerStep;
    private readonly SemaphoreSlim allowed = new(0);
    private readonly SemaphoreSlim shown = new(0);
    private readonly ILoggerFactory log;
    private readonly TrainingHost host;
    private readonly ConcurrentQueue<(long Step, TimeSpan Elapsed)> taken = [];
    private readonly ConcurrentQueue<TimeSpan> saves = [];
    private readonly Dictionary<long, long> committedAt = [];
    private volatile StepMeasurement? last;

    private long requests;

    // Each supervisor blocks a thread of the pool, which begins with one per processor and grows slowly.
    static TraineeActors() => ThreadPool.SetMinThreads(4 * Environment.ProcessorCount, 1);

    public TraineeActors(
        int trainers, int threads, int reducers, IFaultInjector? faults = null, int checkpointEvery = 0, int auditEvery = 0,
        int snapshotEvery = 0, int maxFaults = 10, bool previews = false,
        ModelOptions? model = null, int lanes = UsualLanes)
    {
        this.model = model ??= Trainee.BenchmarkModel;
        tokensPerStep = lanes * (long)model.ContextLength;
        var replica = new ReplicaOptions
        {
            Model = model,
            Lanes = lanes,
            Schedule = Trainee.Schedule,
        };
        var run = new TrainingRun
        {
            Name = directory.Name,
            Options = new RunLogicOptions
            {
                ConfigurationHash = "bench",
                Schedule = replica.Schedule,
                Lanes = lanes,
                Trainers = trainers,
                Reducers = reducers,
                CheckpointEvery = checkpointEvery,
                Audit = new() { Every = auditEvery },
                SnapshotEvery = snapshotEvery,
                PreviewsUpdates = previews,
            },
            Replica = replica,
            Plan = new BatchPlan(seed: 1, samples: 64, batchSize: lanes, lanes),
            Samples = samples => samples.Select(Batch),
            LanesAtOnce = LaneTrainer.AtOnce(model, replica.Precision, lanes, sequences: 1),
            Trainers = new TrainerSupervisorOptions
            {
                Threads = threads,
                MaxLosses = maxFaults,
                Window = TimeSpan.FromDays(30),

                // Here faults follow closely, but each must cost as much as a single one.
                MaxBackoff = TimeSpan.FromMilliseconds(500),
                ResetAfter = TimeSpan.FromMilliseconds(500),
            },
            Limits = new RestartLimits(maxFaults, TimeSpan.FromMinutes(10), directory.LogFile),
            Checkpoints = new CheckpointStore(directory.CheckpointsDirectory, new CheckpointStoreOptions(), TimeProvider.System),
            Fingerprint = new NumericFingerprint("", "", "", "", "", "cpu"),
            Journal = JournalDatabase.Of(directory.JournalFile, postgres: ""),
            Metrics = new MetricsOptions
            {
                MetricsFile = directory.MetricsFile,
                LedgerFile = directory.LedgerFile,
                TokensPerStep = tokensPerStep,
                FlopsPerToken = model.TrainingFlopsPerToken,
                GemmRate = 1e9,
            },
            Notify = Notify,
            RecoveryState = RecoveryState.Of([]),
        };
        Directory.CreateDirectory(directory.Path);
        log = RunLog.Open(directory);
        host = faults is null ? TrainingHost.Start(run, log)
            : TrainingHost.Start(run.WithFaults(faults), log, akka => akka.WithFaults(faults));
        host.Outcome.ContinueWith(_ => shown.Release(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        try
        {
            AwaitStep();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The time of each step, from commit to commit.</summary>
    public IReadOnlyList<(long Step, TimeSpan Elapsed)> Steps => [.. taken];

    /// <summary>The time of each save, from the commit of its step to the checkpoint on disk.</summary>
    public IReadOnlyList<TimeSpan> Saves => [.. saves];

    public long Newest { get; private set; }

    /// <summary>Global gradient norm of the last step, to check that two sides did the same.</summary>
    public double LastNorm => last!.GradientNorm;

    /// <summary>Of the benchmark model in as many lanes as usual.</summary>
    public static long TokensPerStep => UsualLanes * (long)Trainee.BenchmarkModel.ContextLength;

    /// <summary>Runs some steps and returns tokens per second, measured from commit to commit.</summary>
    public double Run(int steps)
    {
        // One step before the measured ones, so that as many updates are applied in the measured time as gradients computed.
        allowed.Release(steps + 1);
        AwaitStep();
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < steps; i++)
            AwaitStep();
        var rate = steps * tokensPerStep / Stopwatch.GetElapsedTime(started).TotalSeconds;

        // The last update is still being applied.
        Thread.Sleep(Rest);
        return rate;
    }

    /// <summary>Runs that many new steps, and whatever must be redone for them; returns their time from commit to commit.</summary>
    /// <param name="begun">Called when the measurement begins.</param>
    public TimeSpan Advance(int steps, Action? begun = null)
    {
        Until(Newest + 1);
        begun?.Invoke();
        var started = Stopwatch.GetTimestamp();
        Until(Newest + steps);
        var took = Stopwatch.GetElapsedTime(started);
        Thread.Sleep(Rest);
        return took;

        void Until(long step)
        {
            while (Newest < step)
            {
                allowed.Release();
                AwaitStep();
            }
        }
    }

    /// <summary>Rolls the run back, as an operator would.</summary>
    /// <param name="to">Updates to roll back to.</param>
    public void GoBack(long to) => host.Run.Tell(new OperatorRequest(++requests, "benchmark", new RollBackRun(to, 0)));

    public void Dispose()
    {
        host.Run.Tell(new StopRun("the benchmark is over"));
        allowed.Release(1_000_000);
        if (host.Outcome.Wait(EndPatience) && host.End(EndPatience))
        {
            host.Dispose();
            log.Dispose();
            allowed.Dispose();
            shown.Dispose();
        }
        else
        {
            // Memory that it may still use is not freed. An exception from here would hide the original failure.
            Console.Error.WriteLine(
                $"The actors of the benchmark did not stop within {EndPatience.TotalSeconds:F0} s; their log ends with:\n{LogTail()}");
        }

        Directory.Delete(Path.GetDirectoryName(directory.Path)!, recursive: true);
    }

    // Until one more step is committed.
    private void AwaitStep()
    {
        if (!shown.Wait(StepPatience))
            throw new TimeoutException(
                $"The actors of the benchmark committed no step for {StepPatience.TotalMinutes:F0} minutes; their log ends "
                + $"with:\n{LogTail()}");
        if (host.Outcome.IsCompleted)
            throw new InvalidOperationException(
                $"The run of the benchmark ended after step {Newest}: {host.Outcome.Result.Report}\nIts log ends with:\n{LogTail()}");
    }

    private string LogTail() =>
        File.Exists(directory.LogFile) ? string.Join('\n', File.ReadLines(directory.LogFile).TakeLast(20)) : "nothing";

    // On the supervisor's thread, after the commit of a step and before the lanes of the next are assigned.
    private void Notify(RunNotice effect)
    {
        if (effect is NotifyMeasurement { Measurement: StepMeasurement step })
        {
            last = step;
            Newest = Math.Max(Newest, step.Step);
            taken.Enqueue((step.Step, step.Elapsed));
            committedAt[step.Step] = Stopwatch.GetTimestamp();
            shown.Release();
            if (!allowed.Wait(TurnPatience))
                throw new TimeoutException($"The benchmark asked for no step for {TurnPatience.TotalMinutes:F0} minutes.");
        }
        else if (effect is NotifyCheckpoint saved)
        {
            saves.Enqueue(Stopwatch.GetElapsedTime(committedAt[saved.Step]));
            foreach (var before in committedAt.Keys.Where(step => step <= saved.Step).ToList())
                committedAt.Remove(before);
        }
    }

    private TokenBatch Batch(PlannedSample sample) => Trainee.RandomTokens(model, sequences: 1, new Random((int)sample.Sample));
}
