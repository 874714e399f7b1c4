using ActorTrain.Data.Shards;
using ActorTrain.Models.Batches;

namespace ActorTrain.Data.Plan;

/// <summary>Reads planned samples as token batches from the memory-mapped shards. Thread-safe.</summary>
/// <param name="microBatch">Sequences per batch, at most.</param>
public sealed class SampleReader(TokenPart part, int context, int microBatch)
{
    public IEnumerable<TokenBatch> Batches(IEnumerable<PlannedSample> samples) => Batches(samples.Select(static planned => planned.Sample));

    /// <summary>The first <paramref name="batches"/> batches of the part in order, for evaluation; 0 for the whole part, in which every
    /// token is a target once. The rest at its end, or a part shorter than a context, is a shorter sequence in its own batch.</summary>
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
