using ActorTrain.Data.Plan;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Progress;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Evaluation;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Host.Runs;

/// <summary>Measures a trained model on preference pairs or rankings, by the loss of its run and in its precision.</summary>
internal sealed class ComparisonEvaluation(
    TrainedModel trained, RunConfiguration configuration, TokenStore data, ITrainingProgress progress)
{
    private readonly Precision precision = configuration.Training.ChosenPrecision;

    /// <param name="batches">The first so many; 0: all.</param>
    /// <param name="groups">Pairs or rankings per batch.</param>
    /// <exception cref="UserErrorException">The run has lost the model that it started with, which is needed.</exception>
    public ValidationLoss Measure(SequencePart part, int batches, int groups, CancellationToken cancellation)
    {
        var shape = trained.Facts.Model;
        IEnumerable<TokenBatch> samples = shape.Output is ModelOutput.Score ? new RankedSamples(part, groups).FromStart(batches)
            : new PairSamples(part, groups, ReferencesOf(part, groups, cancellation), configuration.Preference.NeedsMismatched)
                .FromStart(batches);
        var (model, parameters) = trained.Build(precision);
        using (parameters)
        using (model)
        {
            var objective = TrainingStage.Of(data.Kind, shape.Output).ObjectiveOf(configuration);
            return ValidationLoss.Measure(objective.Validate(model, byteCounts: []), samples, cancellation);
        }
    }

    private double[] ReferencesOf(SequencePart part, int groups, CancellationToken cancellation)
    {
        if (!configuration.Preference.NeedsReference)
            return [];
        var source = new ReferenceSource(configuration.Base.Digest, data.Identity, precision.ToString().ToLowerInvariant());
        if (ReferenceScores.Read(trained.Run.ReferenceDirectory, source) is { } kept)
            return part == data.TrainSequences ? kept.Training : kept.Validation;
        var pass = new ReferencePass(
            trained.Run.BaseOf(configuration.Base)!, trained.Facts.Model, precision, groups, configuration.Preference.NeedsMismatched,
            device: null, progress);
        return pass.Run(source, part, validation: null, cancellation).Training;
    }
}
