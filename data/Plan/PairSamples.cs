using ActorTrain.Data.Shards;
using ActorTrain.Models.Batches;

namespace ActorTrain.Data.Plan;

/// <summary>Reads planned preference pairs, the preferred completion of each first. Thread-safe.</summary>
/// <param name="microBatch">Pairs per batch, at most.</param>
/// <param name="references">Of each sequence of the part, and then of the mismatched sequence of each pair, the log-probability of its
/// targets under the reference model, in nats; empty for none.</param>
/// <param name="mismatched">Whether batches have the mismatched sequences of their pairs.</param>
public sealed class PairSamples(SequencePart part, int microBatch, IReadOnlyList<double> references, bool mismatched = false)
{
    private readonly MismatchedPairs? others = mismatched ? new MismatchedPairs(part) : null;

    public IEnumerable<TokenBatch> Batches(IEnumerable<PlannedSample> samples) =>
        samples.Select(static planned => planned.Sample).Chunk(microBatch).Select(Batch);

    /// <summary>The first <paramref name="batches"/> batches of the part in order; 0 for the whole part.</summary>
    public IEnumerable<PairBatch> FromStart(int batches)
    {
        for (var (first, batch) = (0L, 0); first < part.Groups && (batches == 0 || batch < batches); first += microBatch, batch++)
            yield return Batch([.. Enumerable.Range(0, (int)Math.Min(microBatch, part.Groups - first)).Select(i => first + i)]);
    }

    private PairBatch Batch(long[] pairs)
    {
        long[] sequences = [.. pairs.SelectMany(pair => new[] { part.FirstOf(pair), part.FirstOf(pair) + 1 })];
        var rows = SequenceRows.Of(part, sequences);
        return new PairBatch(rows.Inputs, rows.Targets, rows.Ends, ReferencesOf(sequences))
        {
            Mismatched = others is null ? null : MismatchedOf(others, pairs),
        };
    }

    private MismatchedBatch MismatchedOf(MismatchedPairs others, long[] pairs)
    {
        var rows = SequenceRows.Of([.. pairs.Select(others.Of)]);
        return new MismatchedBatch(rows.Inputs, rows.Targets, rows.Ends, ReferencesOf(pairs.Select(pair => part.Sequences + pair)));
    }

    private double[] ReferencesOf(IEnumerable<long> numbers) =>
        references.Count == 0 ? [] : [.. numbers.Select(number => references[(int)number])];
}
