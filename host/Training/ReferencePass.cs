using ActorTrain.Data.Plan;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Progress;
using ActorTrain.Models;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using Device = TorchSharp.torch.Device;

namespace ActorTrain.Host.Training;

/// <summary>Computes the log-probabilities of all pairs under the model that a run starts with.</summary>
/// <param name="microBatch">Pairs per pass. It changes no bit.</param>
/// <param name="mismatched">Whether mismatched sequences are wanted too, those of a part behind its own.</param>
internal sealed class ReferencePass(
    BaseWeights initial, ModelOptions shape, Precision precision, int microBatch, bool mismatched, Device? device,
    ITrainingProgress progress)
{
    /// <exception cref="OperationCanceledException">Nothing is kept.</exception>
    public ReferenceScores Run(ReferenceSource source, SequencePart training, SequencePart? validation, CancellationToken cancellation)
    {
        using var parameters = new FlatParameters(ModelLayout.Of(shape), device);
        using (var weights = initial.Read(parameters.Layout))
            parameters.Weights.CopyFrom(weights);
        parameters.WeightsChanged();
        using var model = new Transformer(shape, parameters, precision);
        var (done, all) = (0L, training.Groups + (validation?.Groups ?? 0));
        return new ReferenceScores(source, ScoresOf(training), validation is null ? [] : ScoresOf(validation));

        // Pairs are stored one after the other, so the order is that of the sequences.
        double[] ScoresOf(SequencePart part)
        {
            var (own, others) = (new List<double>(), new List<double>());
            foreach (var batch in new PairSamples(part, microBatch, references: [], mismatched).FromStart(0))
            {
                cancellation.ThrowIfCancellationRequested();
                own.AddRange(SequenceScores.Of(model, batch));
                if (batch.Mismatched is { } other)
                    others.AddRange(SequenceScores.Of(model, other));
                if (10 * done / all != 10 * (done += batch.Sequences / 2) / all)
                    progress.Note($"reference log-probabilities: {100 * done / all}%");
            }

            return [.. own, .. others];
        }
    }
}
