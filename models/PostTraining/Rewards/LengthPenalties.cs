namespace ActorTrain.Models.PostTraining.Rewards;

/// <summary>What happens to the score of a completion without an end token.</summary>
public enum MissingEnd
{
    /// <summary>Nothing.</summary>
    Keep,

    /// <summary>A fixed score instead (Ziegler et al. 2019: −1).</summary>
    Replace,

    /// <summary>A penalty is subtracted.</summary>
    Subtract,
}

/// <summary>Scores of completions that are too long.</summary>
public static class LengthPenalties
{
    /// <summary>The soft overlong punishment of DAPO (Yu et al. 2025, equation 13), to be added to the score: 0 up to
    /// <paramref name="longest"/> − <paramref name="margin"/> tokens, then linear to −1 at <paramref name="longest"/>.</summary>
    /// <param name="margin">In tokens, above 0.</param>
    public static double Overlong(int tokens, int longest, int margin)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(margin);
        return Math.Clamp((double)(longest - margin - tokens) / margin, -1, 0);
    }

    /// <param name="hasEnd">Whether the stop token in use ends the completion.</param>
    /// <param name="amount">The score instead, or the penalty, by <paramref name="form"/>.</param>
    public static double WithoutEnd(double score, bool hasEnd, MissingEnd form, double amount) => (hasEnd, form) switch
    {
        (false, MissingEnd.Replace) => amount,
        (false, MissingEnd.Subtract) => score - amount,
        _ => score,
    };
}
