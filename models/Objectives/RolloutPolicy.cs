using ActorTrain.Models.Batches;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Layers;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Rollouts;
using static TorchSharp.torch;

namespace ActorTrain.Models.Objectives;

/// <summary>Learns from rollouts which completions are better: PPO and its relatives.</summary>
/// <param name="temperature">Of sampling.</param>
public sealed class RolloutPolicy(PolicyOptions options, double temperature) : IObjective
{
    public bool TakesLanesAtOnce => false;

    /// <exception cref="InvariantException">The weights are those that sampled, but a log-probability is another: someone computed
    /// wrongly.</exception>
    public LossPart Add(Transformer model, TokenBatch batch, long count)
    {
        using var scope = NewDisposeScope();
        var rollouts = (RolloutBatch)batch;
        var (inputs, targets) = batch.ToTensors(model.Parameters.Device);
        var value = default(LossPart);
        var form = new HeadForm { Temperature = (float)temperature, EntropyWeights = EntropyWeights(rollouts) };
        var loss = model.WeightedLoss(inputs, targets, batch.TextRows(), (losses, entropies) =>
        {
            (value, var weights) = Weigh(rollouts, losses, entropies, model.IsFused);
            return weights;
        }, form);
        loss.backward();
        return value;
    }

    public IValidation Validate(Transformer model, IReadOnlyList<int> byteCounts) =>
        throw new NotSupportedException("Rollouts are not evaluated by their loss.");

    // A row's loss is −ℓ, so its weight is −∂L/∂ℓ.
    private (LossPart Value, float[] Weights) Weigh(RolloutBatch batch, float[] losses, float[] entropies, bool hasSamplersBits)
    {
        var (value, figures, weights) = (0.0, default(PolicyFigures), new float[losses.Length]);
        var logProbabilities = Array.ConvertAll(losses, static loss => -(double)loss);
        var entropy = Array.ConvertAll(entropies, static one => (double)one);
        if (batch.IsOnPolicy && hasSamplersBits)
            RequireSamplersBits(batch, logProbabilities);
        for (var sequence = 0; sequence < batch.Sequences; sequence++)
        {
            var (start, end) = batch.RowsOf(sequence);
            var rows = start..end;
            var gradient = new double[end - start];
            var loss = PolicyLoss.Of(SequenceOf(batch, logProbabilities, entropy, rows), options, batch.Step, gradient);
            (value, figures) = (value + loss.Value, figures + loss.Figures);
            for (var row = start; row < end; row++)
                weights[row] = (float)-gradient[row - start];
        }

        return (new LossPart(value, figures), weights);
    }

    // The policy at the beginning of the step is the policy itself: the correction weighs it against the sampler's, and its ratio to
    // itself is 1. Without a correction the ratio is that to the sampler's, which the clip bounds.
    private PolicySequence SequenceOf(RolloutBatch batch, double[] logProbabilities, double[] entropies, Range rows) => new()
    {
        LogProbabilities = logProbabilities.AsSpan(rows),
        Proximal = (options.AgeCorrection == AgeCorrection.None ? batch.Behaviour : logProbabilities).AsSpan(rows),
        Behaviour = batch.Behaviour.AsSpan(rows),
        Reference = batch.Reference.Length == 0 ? default : batch.Reference.AsSpan(rows),
        Entropies = entropies.Length == 0 ? default : entropies.AsSpan(rows),
        Advantages = batch.Advantages.AsSpan(rows),
        Mask = batch.Mask.AsSpan(rows),
    };

    private static void RequireSamplersBits(RolloutBatch batch, double[] logProbabilities)
    {
        for (var row = 0; row < logProbabilities.Length; row++)
        {
            if (batch.Targets[row] != TokenBatch.NoTarget && logProbabilities[row] != batch.Behaviour[row])
            {
                throw new InvariantException($"A token's log-probability is {logProbabilities[row]:R}, but it was sampled with "
                    + $"{batch.Behaviour[row]:R} by the same weights.");
            }
        }
    }

    private float[]? EntropyWeights(RolloutBatch batch)
    {
        if (options.EntropyCoefficient == 0)
            return null;
        var weights = new float[batch.Inputs.Length];
        for (var sequence = 0; sequence < batch.Sequences; sequence++)
        {
            var (start, end) = batch.RowsOf(sequence);
            var tokens = batch.Mask.AsSpan(start..end).Count(true);
            if (tokens == 0)
                continue;
            var weight = options.EntropyCoefficient * options.Aggregation.TokenWeight(batch.Step, tokens, options.AggregationLength);
            for (var row = start; row < end; row++)
                weights[row] = batch.Mask[row] ? (float)weight : 0;
        }

        return weights;
    }
}
