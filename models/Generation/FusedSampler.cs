using ActorTrain.Models.Runtime;
using static ActorTrain.Models.Kernels.NativeKernels;

namespace ActorTrain.Models.Generation;

/// <summary>Draws tokens from rows of logits on the fused kernels. A draw's bits depend on nothing but its row and itself.</summary>
public static class FusedSampler
{
    /// <param name="logits"><c>[draws, V]</c>.</param>
    /// <exception cref="InvalidOperationException">A row has no distribution.</exception>
    public static unsafe DrawnToken[] Draw(ReadOnlySpan<float> logits, IReadOnlyList<Drawing> draws)
    {
        if (draws.Count == 0)
            return [];
        int[] seen = [.. draws.SelectMany(SeenBy)];
        var (options, drawn) = (new SamplingRow[draws.Count], new SampledRow[draws.Count]);
        fixed (int* ids = seen)
        fixed (float* rows = logits)
        fixed (SamplingRow* option = options)
        fixed (SampledRow* to = drawn)
        {
            var from = ids;
            for (var i = 0; i < options.Length; i++)
            {
                var (how, count) = (draws[i].Options, SeenBy(draws[i]).Count);
                options[i] = new SamplingRow(
                    draws[i].Uniform, how.Temperature, how.TopP, how.MinP, how.RepetitionPenalty, how.TopK, draws[i].Pieces, (nint)from,
                    count);
                from += count;
            }

            FusedKernels.Check(ak_sample(draws.Count, logits.Length / draws.Count, rows, option, to));
        }

        return Array.ConvertAll(drawn, static row => new DrawnToken((int)row.Token, row.LogProbability, row.DrawnLogProbability));
    }

    private static IReadOnlyList<int> SeenBy(Drawing draw) => draw.Options.RepetitionPenalty == 1 ? [] : draw.Seen;
}
