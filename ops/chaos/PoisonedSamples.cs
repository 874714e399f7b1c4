using ActorTrain.Data.Plan;
using ActorTrain.Models.Batches;

namespace ActorTrain.Chaos;

/// <summary>Replaces samples at some positions of the stream by random tokens, the same ones on every read.</summary>
/// <param name="microBatch">Samples per batch, at most, as in <paramref name="samples"/>.</param>
/// <param name="vocabulary">Number of token ids.</param>
/// <param name="seed">Determines the tokens.</param>
/// <param name="find">The fault that poisons a position, or null.</param>
/// <param name="read">Called when a poisoned sample is read.</param>
public sealed class PoisonedSamples(
    Func<IEnumerable<PlannedSample>, IEnumerable<TokenBatch>> samples, int microBatch, int vocabulary, ulong seed,
    Func<long, ChaosFault?> find, Action<ChaosFault> read)
{
    public IEnumerable<TokenBatch> Batches(IEnumerable<PlannedSample> planned)
    {
        foreach (var chunk in planned.Chunk(microBatch))
        {
            foreach (var batch in samples(chunk))
                yield return chunk.Any(sample => find(sample.Position) is not null) ? Poisoned(batch, chunk) : batch;
        }
    }

    private TokenBatch Poisoned(TokenBatch batch, PlannedSample[] chunk)
    {
        var poisoned = batch.Copy();
        for (var i = 0; i < chunk.Length; i++)
        {
            if (find(chunk[i].Position) is not { } fault)
                continue;
            read(fault);
            var (start, end) = batch.RowsOf(i);
            for (var row = start; row < end; row++)
            {
                poisoned.Inputs[row] = Noise(row - start);
                if (poisoned.Targets[row] != TokenBatch.NoTarget)
                    poisoned.Targets[row] = Noise(row - start + 1);
            }

            long Noise(int token) => (long)(Chance.Of(seed, $"{chunk[i].Position}/{token}") % (ulong)vocabulary);
        }

        return poisoned;
    }
}
