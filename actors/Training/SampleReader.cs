using ActorTrain.Data.Plan;
using ActorTrain.Data.Shards;
using ActorTrain.Models.Steps;

namespace ActorTrain.Actors.Training;

/// <summary>Turns what the plan says into token batches, from the memory-mapped shards. Any thread may use it.</summary>
/// <param name="part">The tokens.</param>
/// <param name="context">Inputs per sequence.</param>
/// <param name="microBatch">Sequences per batch, at most.</param>
public sealed class SampleReader(TokenPart part, int context, int microBatch)
{
    /// <summary>The micro-batches of some samples, in order.</summary>
    public IEnumerable<TokenBatch> Batches(IEnumerable<PlannedSample> samples) => Batches(samples.Select(static planned => planned.Sample));

    /// <summary>The first <paramref name="batches"/> batches of the part in order, the whole part when it is 0.</summary>
    public IEnumerable<TokenBatch> FromStart(int batches)
    {
        var samples = part.SampleCount(context);
        if (batches > 0)
            samples = Math.Min(samples, (long)batches * microBatch);
        for (long first = 0; first < samples; first += microBatch)
        {
            foreach (var batch in Batches(Range(first, Math.Min(first + microBatch, samples))))
                yield return batch;
        }

        static IEnumerable<long> Range(long from, long to)
        {
            for (var sample = from; sample < to; sample++)
                yield return sample;
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
