using ActorTrain.Models.Batches;
using ActorTrain.Models.PostTraining.Rewards;

namespace ActorTrain.Models.Objectives;

/// <summary>A trained reward model, in use.</summary>
/// <param name="model">With a score; not owned.</param>
/// <param name="normalization">Of its reference samples: <see cref="RewardNormalization.None"/> for its own scale.</param>
public sealed class RewardScorer(Transformer model, RewardNormalization normalization)
{
    /// <summary>The normalised score of each sequence, at its last token. Its bits do not depend on the others.</summary>
    /// <param name="sequences">Token ids, the end of the last turn included, as in training; each at least one and at most a
    /// context.</param>
    public double[] Score(IReadOnlyList<long[]> sequences) =>
        [.. ScalarScores.OfSequences(model, BatchOf(sequences)).Select(score => normalization.Apply(score))];

    /// <summary>The normalised score of each sequence up to each of its tokens: [sequence][token].</summary>
    /// <param name="sequences">As for <see cref="Score"/>.</param>
    public double[][] Values(IReadOnlyList<long[]> sequences)
    {
        var batch = BatchOf(sequences);
        var values = ScalarScores.OfRows(model, batch);
        return [.. Enumerable.Range(0, batch.Sequences).Select(batch.RowsOf).Select(rows =>
            values[rows.Start..rows.End].Select(value => normalization.Apply(value)).ToArray())];
    }

    private static TokenBatch BatchOf(IReadOnlyList<long[]> sequences)
    {
        var (ends, rows) = (new long[sequences.Count], 0L);
        for (var i = 0; i < ends.Length; i++)
            ends[i] = rows += sequences[i].Length;
        long[] inputs = [.. sequences.SelectMany(static sequence => sequence)];
        return new TokenBatch(inputs, [.. inputs.Select(static _ => TokenBatch.NoTarget)], ends);
    }
}
