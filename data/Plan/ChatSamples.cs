using ActorTrain.Data.Shards;
using ActorTrain.Models.Steps;

namespace ActorTrain.Data.Plan;

/// <summary>Reads planned chats as batches of texts of different lengths, side by side without padding. Thread-safe.</summary>
/// <param name="microBatch">Chats per batch, at most.</param>
public sealed class ChatSamples(SequencePart part, int microBatch)
{
    public IEnumerable<TokenBatch> Batches(IEnumerable<PlannedSample> samples) =>
        samples.Select(static planned => planned.Sample).Chunk(microBatch).Select(Batch);

    /// <summary>The first <paramref name="batches"/> batches of the part in order, for evaluation; 0 for the whole part.</summary>
    public IEnumerable<TokenBatch> FromStart(int batches)
    {
        for (var (first, batch) = (0L, 0); first < part.Sequences && (batches == 0 || batch < batches); first += microBatch, batch++)
            yield return Batch([.. Enumerable.Range(0, (int)Math.Min(microBatch, part.Sequences - first)).Select(i => first + i)]);
    }

    /// <summary>How many tokens of some chats are targets.</summary>
    public long Targets(IEnumerable<PlannedSample> samples) => samples.Sum(planned => (long)part.TargetsOf(planned.Sample));

    private TokenBatch Batch(long[] chats)
    {
        var rows = SequenceRows.Of(part, chats);
        return new TokenBatch(rows.Inputs, rows.Targets, rows.Ends);
    }
}
