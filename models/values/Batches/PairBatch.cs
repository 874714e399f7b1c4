namespace ActorTrain.Models.Batches;

/// <summary>Preference pairs: of two sequences that follow each other, the first is preferred.</summary>
/// <param name="references">Of each sequence, the log-probability of its targets under the reference model, in nats; empty for
/// none.</param>
public sealed class PairBatch(long[] inputs, long[] targets, long[] ends, double[] references) : TokenBatch(inputs, targets, ends)
{
    public double[] References => references;

    /// <summary>One sequence of each pair; null where no loss needs them.</summary>
    public MismatchedBatch? Mismatched { get; init; }
}
