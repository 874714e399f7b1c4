using ActorTrain.Data.Shards;
using ActorTrain.Models.Steps;

namespace ActorTrain.Data.Plan;

/// <summary>Turns what the plan says into token batches, from the memory-mapped shards. Any thread may use it.</summary>
/// <param name="microBatch">Sequences per batch, at most.</param>
public sealed class SampleReader(TokenPart part, int context, int microBatch)
{
    /// <summary>The micro-batches of some samples, in order.</summary>
    public IEnumerable<TokenBatch> Batches(IEnumerable<PlannedSample> samples) => Batches(samples.Select(static planned => planned.Sample));

    /// <summary>The first <paramref name="batches"/> batches of the part in order, to evaluate on; when it is 0, the whole part, of which
    /// every token is a target once. What is left at its end, or all of a part shorter than a context, is a shorter sequence in a batch of
    /// its own.</summary>
    public IEnumerable<TokenBatch> FromStart(int batches)
    {
        for (var (target, batch) = (0L, 0); target < part.Tokens && (batches == 0 || batch < batches); batch++)
        {
            var left = part.Tokens - target;
            var length = (int)Math.Min(context, left);
            var sequences = (int)Math.Min(microBatch, left / length);
            var tokens = new long[sequences * (length + 1)];
            for (var i = 0; i < sequences; i++, target += length)
                part.ReadTargets(target, tokens.AsSpan(i * (length + 1), length + 1));
            yield return new TokenBatch(tokens, sequences, length);
        }
    }

    private IEnumerable<TokenBatch> Batches(IEnumerable<long> samples)
    {
        foreach (var chunk in samples.Chunk(microBatch))
        {
            var tokens = new long[chunk.Length * (context + 1)];
            for (var i = 0; i < chunk.Length; i++)
                part.ReadSample(chunk[i], context, tokens.AsSpan(i * (context + 1), context + 1));
            yield return new TokenBatch(tokens, chunk.Length, context);
        }
    }
}
