using ActorTrain.Models.Batches;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Steps;

namespace ActorTrain.Tests.Replicas;

/// <summary>Whole steps on a replica, as a trainer takes them, without its actors.</summary>
internal static class ReplicaSteps
{
    /// <summary>Sum of the gradients of a block of lanes, computed one after another; the caller gives it back to the replica.</summary>
    /// <param name="replica">Computes it.</param>
    /// <param name="block">Which lanes.</param>
    /// <param name="microBatches">The micro-batches of a lane, in order.</param>
    /// <param name="tokensPerStep">Targets of the whole global batch.</param>
    /// <param name="computed">Told of each lane.</param>
    /// <param name="lanesAtOnce">How many may be computed in one pass; then each is one micro-batch.</param>
    public static GradientSum Gradient(
        this Replica replica, LaneBlock block, Func<int, IEnumerable<TokenBatch>> microBatches, long tokensPerStep,
        Action<LaneMeasure>? computed = null, int lanesAtOnce = 1)
    {
        using var gradient = replica.Begin(block);
        while (!gradient.IsComplete)
        {
            var lanes = LaneBlock.Largest(gradient.NextLane, block.End, lanesAtOnce);
            var measures = lanes.Count > 1
                ? gradient.Add([.. Enumerable.Range(lanes.First, lanes.Count).Select(lane => microBatches(lane).Single())], tokensPerStep)
                : [gradient.Add(microBatches(lanes.First), tokensPerStep)];
            foreach (var measure in measures)
                computed?.Invoke(measure);
        }

        return gradient.Take();
    }

    /// <summary>What is known of a step before its update is applied.</summary>
    public static StepMeasure Measure(this GradientSum total, long step) => new(step, total.Loss, GradientNorm.Of(total.Gradient));

    /// <summary>Commits a step by the gradient of all lanes, which came from the replica, and gives that back.</summary>
    public static StepMeasure Commit(this Replica replica, long step, GradientSum total)
    {
        var measure = total.Measure(step);
        replica.Apply(total, measure);
        replica.ReturnGradient(total.Gradient);
        return measure;
    }
}
