using ActorTrain.Data.Plan;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Progress;
using ActorTrain.Models;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.PostTraining.Rewards;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Runs;

/// <summary>Normalises the scores of a reward model that has finished.</summary>
internal static class RewardNormalizing
{
    /// <summary>Computes the file of a run's newest weights, unless it has it.</summary>
    public static void Complete(
        RunDirectory run, RunConfiguration configuration, TokenStore data, CommandContext context, ITrainingProgress progress,
        CancellationToken cancellation)
    {
        using var trained = TrainedModel.Open(run.Path, step: null, context, static _ => { });
        var (training, precision) = (data.TrainSequences, configuration.Training.ChosenPrecision);
        var samples = configuration.Reward.ReferenceSamples is > 0 and var some ? Math.Min(some, training.Sequences) : training.Sequences;
        var source = new RewardSource(
            WeightsDigest.Of(trained.Layout, trained.Weights), data.Identity, samples, precision.ToString().ToLowerInvariant());
        if (RewardScale.Read(run.RewardFile) is { } kept && kept.Source == source && kept.Step == trained.Facts.Step)
            return;
        var (model, parameters) = trained.Build(precision);
        using (parameters)
        using (model)
        {
            double[] scores = [.. new RankedSamples(training, configuration.Training.MicroBatch).FromStart(0).SelectMany(batch =>
            {
                cancellation.ThrowIfCancellationRequested();
                return ScalarScores.OfSequences(model, batch);
            }).Take((int)samples).Select(static score => (double)score)];
            if (scores.Distinct().Count() < 2)
            {
                progress.Warning($"all {scores.Length} reference samples have the same score, so scores cannot be normalised.");
                return;
            }

            var normalization = RewardNormalization.From(scores);
            new RewardScale(source, trained.Facts.Step, normalization.Gain, normalization.Bias).Write(run.RewardFile);
        }
    }
}
