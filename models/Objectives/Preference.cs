using ActorTrain.Models.Batches;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Layers;
using ActorTrain.Models.PostTraining.Preferences;
using static TorchSharp.torch;

namespace ActorTrain.Models.Objectives;

/// <summary>Learns from pairs of which completion is preferred: DPO and its relatives.</summary>
/// <param name="referencePoint">KTO's z of a step; <see cref="OfStep"/> knows it.</param>
public sealed class Preference(PreferenceOptions options, double? referencePoint = null) : IObjective
{
    public bool TakesLanesAtOnce => false;

    /// <summary>With KTO's z, which is a mean over the whole step, and which every trainer computes for itself: it is a function of weights
    /// and plan, to the bit.</summary>
    public IObjective OfStep(Transformer model, IEnumerable<TokenBatch> batches)
    {
        if (!options.NeedsMismatched)
            return this;
        double[] ratios = [.. batches.SelectMany(batch => LogRatios(model, (PairBatch)batch))];
        return new Preference(options, Kto.ReferencePoint(ratios, ratios.Length));
    }

    public LossPart Add(Transformer model, TokenBatch batch, long count)
    {
        using var scope = NewDisposeScope();
        var (inputs, targets) = batch.ToTensors(model.Parameters.Device);
        var value = 0.0;
        var loss = model.WeightedLoss(inputs, targets, batch.TextRows(), (losses, _) =>
        {
            (value, var weights) = Weigh((PairBatch)batch, losses, count);
            return weights;
        });
        loss.backward();
        return value;
    }

    public IValidation Validate(Transformer model, IReadOnlyList<int> byteCounts) => new PreferenceValidation(model, options);

    /// <summary>The completions of each pair of a batch, the preferred one first.</summary>
    /// <param name="losses">Of each row, −ℓ in nats.</param>
    internal static IEnumerable<PreferencePair> PairsOf(PairBatch batch, float[] losses)
    {
        for (var i = 0; i < batch.Sequences; i += 2)
            yield return new PreferencePair(Of(i), Of(i + 1));

        Completion Of(int sequence)
        {
            var (start, end) = batch.RowsOf(sequence);
            var (sum, tokens) = (0.0, 0);
            for (var row = start; row < end; row++)
            {
                sum -= losses[row];
                tokens += batch.Targets[row] == TokenBatch.NoTarget ? 0 : 1;
            }

            return new Completion(sum, batch.References.Length == 0 ? 0 : batch.References[sequence], tokens);
        }
    }

    /// <summary>log π/πʳ of the mismatched sequences of a batch.</summary>
    internal static IEnumerable<double> LogRatios(Transformer model, PairBatch batch) =>
        SequenceScores.Of(model, batch.Mismatched!).Zip(batch.Mismatched!.References, static (own, reference) => own - reference);

    // A row's loss is −ℓ, so its weight is −∂L/∂ℓ, the same for all tokens of a completion.
    private (double Value, float[] Weights) Weigh(PairBatch batch, float[] losses, long pairs)
    {
        if (options.NeedsMismatched && referencePoint is null)
            throw new InvariantException("KTO needs the reference point of the step.");
        var (value, weights, sequence) = (0.0, new float[losses.Length], 0);
        foreach (var pair in PairsOf(batch, losses))
        {
            var part = options.LossOf(pair, pairs, referencePoint ?? 0);
            value += part.Value;
            Fill(part.Chosen);
            Fill(part.Rejected);
        }

        return (value, weights);

        void Fill(double slope)
        {
            var (start, end) = batch.RowsOf(sequence++);
            weights.AsSpan(start, end - start).Fill((float)-slope);
        }
    }
}
