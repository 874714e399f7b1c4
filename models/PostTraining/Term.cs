namespace ActorTrain.Models.PostTraining;

/// <summary>A function of one number (a log-probability ℓ, a value V, a reward r) and its derivative there.</summary>
public readonly record struct Term(double Value, double Slope)
{
    public static Term operator +(Term left, Term right) => new(left.Value + right.Value, left.Slope + right.Slope);

    public static Term operator *(double factor, Term term) => new(factor * term.Value, factor * term.Slope);

    /// <summary>A share of a mean over <paramref name="count"/> members of the whole step.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is not positive: a step without members has no loss.</exception>
    public static Term operator /(Term term, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return new(term.Value / count, term.Slope / count);
    }
}
