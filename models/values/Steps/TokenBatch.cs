namespace ActorTrain.Models.Steps;

/// <summary>Sequences of context + 1 tokens: each token but the last is an input, each but the first a target.</summary>
public sealed record TokenBatch(long[] Tokens, int Sequences, int Context)
{
    public long TargetCount => (long)Sequences * Context;

    /// <summary>One target; the index runs over all sequences.</summary>
    public long Target(int index) => Tokens[(index / Context * (Context + 1)) + (index % Context) + 1];
}
