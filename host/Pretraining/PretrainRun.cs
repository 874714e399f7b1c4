using System.Globalization;
using ActorTrain.Data.Plan;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Progress;
using ActorTrain.Models;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Steps;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Pretraining;

/// <summary>One run from where it stands to its last step: plan → lane gradients → lane-tree sum → verdict → apply → snapshot.</summary>
internal sealed class PretrainRun : IDisposable
{
    private const string DataKey = "data";

    private readonly RunConfiguration configuration;
    private readonly NumericEnvironment environment;
    private readonly TokenStore data;
    private readonly ModelOptions model;
    private readonly Replica replica;
    private readonly BatchPlan plan;
    private readonly SampleReader training;
    private readonly SampleReader? heldOut;
    private readonly CheckpointStore store;
    private readonly TimeProvider time;
    private readonly ITrainingProgress progress;
    private VetoLadder ladder;
    private long step;
    private long? savedStep;
    private UserErrorException? metricsFailure;
    private volatile UserErrorException? saveFailure;

    public PretrainRun(
        RunConfiguration configuration, NumericEnvironment environment, TokenStore data, RunDirectory directory, ITrainingProgress progress, TimeProvider time)
    {
        var options = configuration.Training;
        this.configuration = configuration;
        this.environment = environment;
        this.data = data;
        this.progress = progress;
        this.time = time;
        model = configuration.ModelFor(data.Tokenizer.VocabularySize);
        plan = new BatchPlan((ulong)options.Seed, data.Train.SampleCount(model.ContextLength), options.Batch, options.Lanes);
        ladder = new VetoLadder(plan, SkipList.Empty);
        training = new SampleReader(data.Train, model.ContextLength, options.MicroBatch);
        if (data.HeldOut is { } part && part.Tokens > model.ContextLength)
            heldOut = new SampleReader(part, model.ContextLength, options.MicroBatch);
        store = new CheckpointStore(
            directory.CheckpointsDirectory,
            new CheckpointStoreOptions { KeepLast = configuration.Checkpoints.Keep, KeepEvery = configuration.Checkpoints.KeepEvery },
            time);
        replica = new Replica(
            new ReplicaOptions
            {
                Model = model,
                Precision = options.Precision,
                Lanes = options.Lanes,
                Optimizer = new AdamWOptions
                {
                    Beta1 = options.Beta1,
                    Beta2 = options.Beta2,
                    Epsilon = options.Epsilon,
                    WeightDecay = options.WeightDecay,
                },
                Schedule = new LearningRateSchedule(options.LearningRate, options.WarmupSteps, options.Steps, options.MinLearningRateRatio),
                Clip = options.Clip,
                Seed = (ulong)options.Seed,
            },
            environment.Device);
    }

    /// <summary>Steps taken so far.</summary>
    public long Step => step;

    private long TokensPerStep => (long)configuration.Training.Batch * model.ContextLength;

    /// <summary>Takes over the newest checkpoint that is whole, if there is one.</summary>
    /// <returns>Whether there was.</returns>
    public bool Restore()
    {
        using var checkpoint = store.LoadLatest(replica.Parameters.Layout, fault => progress.Warning(fault.Sentence));
        if (checkpoint is null)
            return false;
        var facts = checkpoint.Manifest.Facts;
        if (facts.ConfigurationHash != configuration.Hash)
            throw new UserErrorException($"{checkpoint.Path} belongs to another configuration than the run's {configuration.Run.Name}/run.yaml; choose another run.name.");
        if (facts.State.GetValueOrDefault(DataKey) is { } identity && identity != data.Identity)
            throw new UserErrorException($"{data.Folder} is not the data that {checkpoint.Path} was trained on; give the old data.path, or choose another run.name.");

        replica.CopyFrom(checkpoint.Weights, checkpoint.FirstMoment!, checkpoint.SecondMoment!);
        (step, savedStep, ladder) = (facts.Step, facts.Step, new VetoLadder(plan, facts.SkipList));
        foreach (var difference in facts.Fingerprint.DifferencesFrom(environment.Fingerprint))
            progress.Warning($"the numeric fingerprint differs from the checkpoint's, so the bits may not be those of an undisturbed run: {difference}.");
        return true;
    }

    /// <summary>Trains until the last step, or until a stop is asked for; whatever was reached is saved.</summary>
    /// <param name="metricsFile">The run's metrics.</param>
    /// <param name="stop">Asked after every step.</param>
    /// <returns>Whether the last step was taken.</returns>
    /// <exception cref="UserErrorException">The last state, or a row of the metrics, could not be written.</exception>
    public bool Train(string metricsFile, CancellationToken stop)
    {
        var gemmRate = GemmRate.Measure(replica.Model.Precision, environment.Device);

        // What was passed over must not count among the checkpoints that are kept. Where nothing was whole, nothing is thrown away either.
        if (savedStep is { } restored)
            store.DiscardAfter(restored);
        using var metrics = MetricsLog.Open(metricsFile, step);

        // A checkpoint never knows more steps than the metrics on disk.
        using var writer = new CheckpointWriter(store, replica.Parameters.Layout, Announce, time, metrics.Flush);
        var last = configuration.Training.Steps;
        Introduce(gemmRate);

        var begun = (Step: step, Time: time.GetTimestamp());
        while (step < last && metricsFailure is null && !stop.IsCancellationRequested)
        {
            var started = time.GetTimestamp();
            var measure = TakeStep();
            var seconds = time.GetElapsedTime(started).TotalSeconds;
            var rate = TokensPerStep / seconds;
            var row = new StepMetrics(
                step, measure.Loss, measure.GradientNorm, replica.LearningRateAt(measure.Step), step * TokensPerStep, seconds, rate,
                100 * rate * model.TrainingFlopsPerToken / gemmRate);
            Record(metrics, row);
            var left = time.GetElapsedTime(begun.Time) / (step - begun.Step) * (last - step);
            progress.Show(new StepProgress(step, last, row.Loss, row.GradientNorm, row.LearningRate, rate, row.GemmPercent / 100, left));

            // The last row of a finished run is worth the wait.
            if (step == last)
                Evaluate(metrics, CancellationToken.None);
            else if (IsDue(configuration.Evaluation.Every))
                Evaluate(metrics, stop);
            if (IsDue(configuration.Checkpoints.Every) && step < last)
                Save(writer);
        }

        if (savedStep != step)
            Save(writer);
        writer.Drain(CancellationToken.None);
        if (saveFailure is { } unsaved)
            throw unsaved;
        if (metricsFailure is { } unwritten)
            throw new UserErrorException($"The run is saved after step {step} and stops there, for lack of that step's metrics: {unwritten.Message}", unwritten);
        return step == last;

        bool IsDue(int every) => every > 0 && step % every == 0;
    }

    /// <inheritdoc/>
    public void Dispose() => replica.Dispose();

    private void Introduce(double gemmRate)
    {
        var fingerprint = environment.Fingerprint;
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{configuration.Run.Name}: {model.Family.ToString().ToLowerInvariant()} with {replica.Parameters.Layout.ParameterCount:N0} parameters, {configuration.Training.Steps} steps of {TokensPerStep:N0} tokens, "
            + $"{configuration.Training.Precision.ToString().ToLowerInvariant()} on {fingerprint.Device}, {fingerprint.Threads} {(fingerprint.Threads == 1 ? "thread" : "threads")}, "
            + $"kernels {fingerprint.Kernels}, matrix products at {gemmRate / 1e9:F0} GFLOP/s");
        progress.Note(text);
        if (step > 0)
            progress.Note($"going on after step {step}");
    }

    private StepMeasure TakeStep()
    {
        GradientSum? total = null;
        var measure = ladder.Take(
            step,
            skips =>
            {
                total = replica.Reduce(replica.Compute([new LaneBlock(0, plan.Lanes)], lane => training.Lane(plan, step, lane, skips), TokensPerStep));
                return Replica.Measure(step, total);
            },
            progress.Warning);
        replica.Apply(total!, measure);
        step++;
        return measure;
    }

    // Without its metrics a run does not go on, but what it has trained is saved first.
    private void Record(MetricsLog metrics, MetricsRow row)
    {
        try
        {
            metrics.Append(row);
        }
        catch (UserErrorException exception)
        {
            metricsFailure ??= exception;
        }
    }

    private void Evaluate(MetricsLog metrics, CancellationToken stop)
    {
        if (heldOut is null)
            return;
        try
        {
            var result = HeldOutLoss.Measure(replica.Model, heldOut.FromStart(configuration.Evaluation.Batches), data.HeldOut!.BytesPerToken, stop);
            var row = new EvaluationMetrics(step, result.Loss, result.Perplexity, result.BitsPerByte);
            Record(metrics, row);
            progress.Show(new EvaluationProgress(step, row.HeldOutLoss, row.BitsPerByte));
        }
        catch (OperationCanceledException)
        {
            // A stop does not wait for an evaluation; it changes nothing that is kept.
        }
    }

    private void Save(CheckpointWriter writer)
    {
        var snapshot = writer.Rent();
        replica.CopyTo(snapshot.Weights, snapshot.FirstMoment, snapshot.SecondMoment);
        var samples = step * configuration.Training.Batch;
        writer.Submit(
            new CheckpointFacts
            {
                Step = step,
                ConfigurationHash = configuration.Hash,
                Model = model,
                Cursor = new PlanCursor(samples, samples, step * TokensPerStep),
                SkipList = ladder.Skips,
                Fingerprint = environment.Fingerprint,
                State = new Dictionary<string, string> { [DataKey] = data.Identity },
            },
            snapshot);
        savedStep = step;
    }

    private void Announce(SaveOutcome outcome)
    {
        switch (outcome)
        {
            case Saved saved:
                saveFailure = null;
                var written = saved.Manifest.Facts.Step;
                progress.Show(new CheckpointProgress(written, store.PathOf(written)));
                break;
            case SaveFailed failed:
                // Training goes on: the next save may succeed, and the last one must.
                saveFailure = failed.Error;
                progress.Warning(failed.Error.Message);
                break;
        }
    }
}
