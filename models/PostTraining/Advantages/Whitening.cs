namespace ActorTrain.Models.PostTraining.Advantages;

/// <summary>Whitening over the tokens of a step: (x − μ) · (σ² + 1e-8)^−½, computed once per step and applied to any part of it.</summary>
/// <param name="Scale">(σ² + 1e-8)^−½.</param>
/// <param name="KeepsMean">Scale only, around the mean, as for rewards (Ziegler et al. 2019): μ is added again.</param>
public readonly record struct Whitening(double Mean, double Scale, bool KeepsMean = false)
{
    /// <param name="values">Of all tokens of the step in plan order, [tokens].</param>
    /// <param name="mask">[tokens]</param>
    /// <param name="tokens">Tokens of the whole step whose mask is set.</param>
    /// <param name="unbiased">Variance with n − 1 instead of n.</param>
    /// <exception cref="InvariantException">These are not all tokens of the step: the moments of a part are others.</exception>
    public static Whitening Over(ReadOnlySpan<double> values, ReadOnlySpan<bool> mask, long tokens, bool unbiased = false)
    {
        var (count, sum, squares) = (0L, 0.0, 0.0);
        for (var t = 0; t < mask.Length; t++)
        {
            count += mask[t] ? 1 : 0;
            sum += mask[t] ? values[t] : 0;
        }

        if (count != tokens || count == 0)
            throw new InvariantException($"Whitening needs all {tokens} tokens of the step, not {count}.");
        var mean = sum / count;
        for (var t = 0; t < mask.Length; t++)
            squares += mask[t] ? (values[t] - mean) * (values[t] - mean) : 0;
        var variance = squares / (unbiased ? Math.Max(1, count - 1) : count);
        return new(mean, 1 / Math.Sqrt(variance + 1e-8));
    }

    public double Apply(double value) => (value - Mean) * Scale + (KeepsMean ? Mean : 0);

    /// <summary>In place; 0 where the mask is not set.</summary>
    public void Apply(Span<double> values, ReadOnlySpan<bool> mask)
    {
        for (var t = 0; t < values.Length; t++)
            values[t] = mask[t] ? Apply(values[t]) : 0;
    }
}
