namespace ActorTrain.Models.PostTraining.Advantages;

/// <summary>Statistics of the rewards of a group: the samples of a prompt.</summary>
/// <param name="Scored">Samples with a reward.</param>
/// <param name="Sum">Of their rewards.</param>
/// <param name="Deviation">Standard deviation (n − 1); 0 below two scored samples.</param>
/// <param name="HasSpread">Whether two rewards differ; an exact test, which a deviation with rounding errors does not give.</param>
public readonly record struct GroupStatistics(int Scored, double Sum, double Deviation, bool HasSpread)
{
    public double Mean => Sum / Scored;

    /// <param name="rewards">[samples], in order of samples; null for one that could not be scored, which counts nowhere.</param>
    /// <exception cref="ArgumentException">A reward is not finite; it would reach every sample of the group.</exception>
    public static GroupStatistics Of(ReadOnlySpan<double?> rewards)
    {
        var (scored, sum, lowest, highest) = (0, 0.0, double.PositiveInfinity, double.NegativeInfinity);
        foreach (var reward in rewards)
        {
            if (reward is not { } scoredReward)
                continue;
            if (!double.IsFinite(scoredReward))
                throw new ArgumentException($"A reward is {scoredReward}; such a sample is one that could not be scored.", nameof(rewards));
            scored++;
            sum += scoredReward;
            (lowest, highest) = (Math.Min(lowest, scoredReward), Math.Max(highest, scoredReward));
        }

        if (scored < 2 || highest <= lowest)
            return new(scored, sum, 0, false);
        var squares = 0.0;
        foreach (var reward in rewards)
            squares += reward is { } scoredReward ? (scoredReward - sum / scored) * (scoredReward - sum / scored) : 0;
        return new(scored, sum, Math.Sqrt(squares / (scored - 1)), true);
    }
}
