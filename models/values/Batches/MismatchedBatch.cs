namespace ActorTrain.Models.Batches;

/// <summary>Prompts with answers to other prompts.</summary>
/// <param name="references">Of each sequence, the log-probability of its targets under the reference model, in nats; empty for
/// none.</param>
public sealed class MismatchedBatch(long[] inputs, long[] targets, long[] ends, double[] references) : TokenBatch(inputs, targets, ends)
{
    public double[] References => references;
}
