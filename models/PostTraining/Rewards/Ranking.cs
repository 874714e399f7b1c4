namespace ActorTrain.Models.PostTraining.Rewards;

/// <summary>The loss of a reward model on K ranked completions of a prompt (Ouyang et al. 2022, equation 1): <see cref="BradleyTerry"/> of
/// all K(K − 1)/2 pairs, each weighted 1/C(K, 2), so that a prompt counts once however many completions were ranked.</summary>
public static class Ranking
{
    /// <param name="rewards">Scores, [K], best completion first; at least two.</param>
    /// <param name="rankings">Rankings of the whole step.</param>
    /// <param name="gradient">Receives ∂L/∂r, [K].</param>
    /// <returns>What this ranking adds to the loss of the step.</returns>
    public static double Of(ReadOnlySpan<double> rewards, double centering, long rankings, Span<double> gradient)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rewards.Length, 2, nameof(rewards));
        ArgumentOutOfRangeException.ThrowIfNotEqual(gradient.Length, rewards.Length);
        var pairs = PairsOf(rewards.Length);
        var value = 0.0;
        gradient.Clear();
        for (var better = 0; better < rewards.Length; better++)
        {
            for (var worse = better + 1; worse < rewards.Length; worse++)
            {
                var loss = BradleyTerry.Of(rewards[better], rewards[worse], margin: 0, centering, pairs * rankings);
                value += loss.Value;
                gradient[better] += loss.Chosen;
                gradient[worse] += loss.Rejected;
            }
        }

        return value;
    }

    /// <summary>C(K, 2).</summary>
    public static long PairsOf(int completions) => (long)completions * (completions - 1) / 2;

    /// <summary>How many of all pairs have the higher score on the better completion; a tie is an error.</summary>
    /// <param name="rewards">As for <see cref="Of"/>.</param>
    public static long Ordered(ReadOnlySpan<double> rewards)
    {
        var ordered = 0L;
        for (var better = 0; better < rewards.Length; better++)
        {
            for (var worse = better + 1; worse < rewards.Length; worse++)
                ordered += rewards[better] > rewards[worse] ? 1 : 0;
        }

        return ordered;
    }
}
