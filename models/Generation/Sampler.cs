using ActorTrain.Models.Numerics;

namespace ActorTrain.Models.Generation;

/// <summary>Draws a token from logits in scalar arithmetic, for models that do not run on the fused kernels.</summary>
public static class Sampler
{
    /// <param name="logits">One per token of the vocabulary.</param>
    /// <exception cref="InvalidOperationException">There is no distribution.</exception>
    public static DrawnToken Draw(ReadOnlySpan<float> logits, Drawing how)
    {
        var options = how.Options;
        var isGreedy = options.Temperature == 0;
        double inverse = isGreedy ? 1 : Temperature.InverseOf(options.Temperature);
        var values = Penalised(logits, how);
        var ids = Enumerable.Range(0, how.Pieces).ToArray();
        Array.Sort(ids, (a, b) => values[a] != values[b] ? values[b].CompareTo(values[a]) : a.CompareTo(b));
        var top = values[ids[0]];
        var lse = LogSumExp(logits, inverse);
        if (!double.IsFinite(lse) || !double.IsFinite(top))
            throw new InvalidOperationException("The logits have no distribution: NaN, infinity, or nothing that may be drawn.");

        double Weight(int id) => Math.Exp((values[id] - top) * inverse);
        var likeliest = isGreedy ? ids.Take(1) : ids.TakeWhile(id => Weight(id) is > 0 and var weight && weight >= options.MinP);
        var kept = Nucleus([.. options.TopK > 0 ? likeliest.Take(options.TopK) : likeliest], Weight, options.TopP);
        var total = kept.Sum(Weight);
        var left = how.Uniform * total;
        var chosen = kept[^1];
        foreach (var id in kept)
        {
            chosen = id;
            if ((left -= Weight(id)) < 0)
                break;
        }

        return new DrawnToken(chosen, (float)(logits[chosen] * inverse - lse), (float)Math.Log(Weight(chosen) / total));
    }

    private static double[] Penalised(ReadOnlySpan<float> logits, Drawing how)
    {
        var values = new double[logits.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = logits[i];
        if (how.Options.RepetitionPenalty is not 1 and var penalty)
        {
            foreach (var id in how.Seen)
                values[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty;
        }

        return values;
    }

    private static double LogSumExp(ReadOnlySpan<float> logits, double inverse)
    {
        var top = double.NegativeInfinity;
        foreach (var logit in logits)
            top = Math.Max(top, logit);
        double total = 0;
        foreach (var logit in logits)
            total += Math.Exp((logit - top) * inverse);
        return top * inverse + Math.Log(total);
    }

    // The fewest whose probability reaches p, in the order of ids.
    private static int[] Nucleus(int[] likeliest, Func<int, double> weight, double p)
    {
        var goal = p * likeliest.Sum(weight);
        double reached = 0;
        var kept = 0;
        while (kept < likeliest.Length && reached < goal)
            reached += weight(likeliest[kept++]);
        return [.. likeliest.Take(kept).Order()];
    }
}
