using ActorTrain.Data.Shards;
using ActorTrain.Models.Batches;

namespace ActorTrain.Data.Plan;

/// <summary>Reads planned preference pairs or rankings, all completions of each, the best first; each sequence ends with its answer.
/// Thread-safe.</summary>
/// <param name="microBatch">Pairs or rankings per batch, at most.</param>
public sealed class RankedSamples(SequencePart part, int microBatch)
{
    public IEnumerable<TokenBatch> Batches(IEnumerable<PlannedSample> samples) =>
        samples.Select(static planned => planned.Sample).Chunk(microBatch).Select(Batch);

    /// <summary>The first <paramref name="batches"/> batches of the part in order; 0 for the whole part.</summary>
    public IEnumerable<RankedBatch> FromStart(int batches)
    {
        for (var (first, batch) = (0L, 0); first < part.Groups && (batches == 0 || batch < batches); first += microBatch, batch++)
            yield return Batch([.. Enumerable.Range(0, (int)Math.Min(microBatch, part.Groups - first)).Select(i => first + i)]);
    }

    private RankedBatch Batch(long[] rankings)
    {
        int[] sizes = [.. rankings.Select(part.SizeOf)];
        long[] sequences = [.. rankings.Zip(sizes).SelectMany(ranking =>
            Enumerable.Range(0, ranking.Second).Select(i => part.FirstOf(ranking.First) + i))];
        var (inputs, ends) = SequenceRows.ToAnswers(part, sequences);
        return new RankedBatch(inputs, ends, sizes, [.. rankings.Select(part.MarginOf)]);
    }
}
