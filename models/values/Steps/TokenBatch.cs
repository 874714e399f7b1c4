namespace ActorTrain.Models.Steps;

/// <summary>Sequences of context + 1 tokens: each token but the last is an input, each but the first a target.</summary>
public sealed record TokenBatch(long[] Tokens, int Sequences, int Context)
{
    public long TargetCount => (long)Sequences * Context;

    /// <summary>The sequences of all, in order.</summary>
    /// <exception cref="InvariantException">Their contexts differ.</exception>
    public static TokenBatch Concat(IReadOnlyList<TokenBatch> batches) => batches.All(batch => batch.Context == batches[0].Context)
        ? new([.. batches.SelectMany(static batch => batch.Tokens)], batches.Sum(static batch => batch.Sequences), batches[0].Context)
        : throw new InvariantException("Batches of different contexts cannot become one.");

    /// <summary>One target; the index runs over all sequences.</summary>
    public long Target(int index) => Tokens[(index / Context * (Context + 1)) + (index % Context) + 1];
}
