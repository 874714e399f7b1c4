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
    // So many batches in a row without one usable gradient means that the weights are broken, not the data.
    private const int VetoesInARow = 10;
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
    private readonly Lock showing = new();
    private SkipList skips = SkipList.Empty;
    private long step;
    private long? savedStep;
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
        using var checkpoint = store.LoadLatest(replica.Parameters.Layout, fault => Warn(fault.Sentence));
        if (checkpoint is null)
            return false;
        var facts = checkpoint.Manifest.Facts;
        if (facts.ConfigurationHash != configuration.Hash)
            throw new UserErrorException($"{checkpoint.Path} belongs to another configuration than the run's {configuration.Run.Name}/run.yaml; choose another run.name.");
        if (facts.State.GetValueOrDefault(DataKey) is { } identity && identity != data.Identity)
            throw new UserErrorException($"{data.Folder} is not the data that {checkpoint.Path} was trained on; give the old data.path, or choose another run.name.");

        replica.CopyFrom(checkpoint.Weights, checkpoint.FirstMoment!, checkpoint.SecondMoment!);
        (step, skips, savedStep) = (facts.Step, facts.SkipList, facts.Step);
        foreach (var difference in facts.Fingerprint.DifferencesFrom(environment.Fingerprint))
            Warn($"the numeric fingerprint differs from the checkpoint's, so the bits may not be those of an undisturbed run: {difference}.");
        return true;
    }

    /// <summary>Trains until the last step, or until a stop is asked for; whatever was reached is saved.</summary>
    /// <param name="metricsFile">The run's metrics.</param>
    /// <param name="stop">Asked after every step.</param>
    /// <returns>Whether the last step was taken.</returns>
    public bool Train(string metricsFile, CancellationToken stop)
    {
        var gemmRate = GemmRate.Measure(replica.Model.Precision, environment.Device);
        using var metrics = MetricsLog.Open(metricsFile, step);
        using var writer = new CheckpointWriter(store, replica.Parameters.Layout, Announce, time);
        var last = configuration.Training.Steps;
        Introduce(gemmRate);

        var begun = (Step: step, Time: time.GetTimestamp());
        while (step < last && !stop.IsCancellationRequested)
        {
            var started = time.GetTimestamp();
            var measure = TakeStep();
            var seconds = time.GetElapsedTime(started).TotalSeconds;
            var rate = TokensPerStep / seconds;
            var row = new StepMetrics(
                step, measure.Loss, measure.GradientNorm, replica.LearningRateAt(measure.Step), step * TokensPerStep, seconds, rate,
                100 * rate * model.TrainingFlopsPerToken / gemmRate);
            metrics.Append(row);
            var left = time.GetElapsedTime(begun.Time) / (step - begun.Step) * (last - step);
            lock (showing)
                progress.Show(new StepProgress(step, last, row.Loss, row.GradientNorm, row.LearningRate, rate, row.GemmPercent / 100, left));

            if (IsDue(configuration.Evaluation.Every) || step == last)
                Evaluate(metrics, stop);
            if (IsDue(configuration.Checkpoints.Every) && step < last)
            {
                // A checkpoint never knows more steps than the metrics on disk.
                metrics.Flush();
                Save(writer);
            }
        }

        metrics.Flush();
        if (savedStep != step)
            Save(writer);
        writer.Drain(CancellationToken.None);
        return saveFailure is { } failed ? throw failed : step == last;

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

    private void Warn(string sentence)
    {
        lock (showing)
            progress.Warning(sentence);
    }

    // A vetoed batch goes onto the skip list and the step is planned again without it.
    private StepMeasure TakeStep()
    {
        for (var vetoes = 0; vetoes < VetoesInARow; vetoes++)
        {
            var lanes = new LaneBlock(0, plan.Lanes);
            var sums = replica.Compute([lanes], lane => training.Lane(plan, step, lane, skips), TokensPerStep);
            var total = replica.Reduce(sums);
            var measure = Replica.Measure(step, total);
            var verdict = StepVerdict.Judge(measure);
            if (verdict.IsAccepted)
            {
                replica.Apply(total, measure);
                step++;
                return measure;
            }

            Warn($"{verdict.Reason}; its batch is skipped.");
            skips = Without(plan.Samples(step, skips), verdict.Reason!);
        }

        throw new UserErrorException(
            $"Step {step} of {configuration.Run.Name} was vetoed {VetoesInARow} times in a row, so the weights are broken; lower training.learning_rate in a run of another name.");
    }

    private SkipList Without(PlannedSample[] samples, string reason) =>
        samples.Select(static sample => sample.Position).Aggregate(skips, (list, position) => list.With(new SkippedRange(position, 1, reason)));

    private void Evaluate(MetricsLog metrics, CancellationToken stop)
    {
        if (heldOut is null)
            return;
        try
        {
            var result = HeldOutLoss.Measure(replica.Model, heldOut.FromStart(configuration.Evaluation.Batches), data.HeldOut!.BytesPerToken, stop);
            var row = new EvaluationMetrics(step, result.Loss, result.Perplexity, result.BitsPerByte);
            metrics.Append(row);
            lock (showing)
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
                SkipList = skips,
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
                lock (showing)
                    progress.Show(new CheckpointProgress(written, store.PathOf(written)));
                break;
            case SaveFailed failed:
                // Training goes on: the next save may succeed, and the last one must.
                saveFailure = failed.Error;
                Warn(failed.Error.Message);
                break;
        }
    }
}
