namespace ActorTrain.Models.PostTraining.Advantages;

/// <summary>Which candidate groups of a step are trained on: the first ones with two different rewards, in order of position (dynamic
/// sampling of DAPO; Yu et al. 2025, section 3.2, over a fixed set of candidates instead of until a batch is full). Indices are those of
/// the candidates, ascending.</summary>
/// <param name="Used">At most as many as were wanted; with fewer, the step is smaller.</param>
/// <param name="WithoutSpread">Their advantages are 0: they teach nothing.</param>
/// <param name="Surplus">Groups with spread beyond those used.</param>
public sealed record DapoFilter(IReadOnlyList<int> Used, IReadOnlyList<int> WithoutSpread, IReadOnlyList<int> Surplus)
{
    /// <param name="candidates">Rewards of the groups, in order of position; null for a sample that could not be scored.</param>
    /// <param name="groups">Groups of a step, at least 1.</param>
    public static DapoFilter Of(IReadOnlyList<double?[]> candidates, int groups)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(groups);
        var withSpread = candidates.Select(static rewards => GroupStatistics.Of(rewards).HasSpread).ToArray();
        int[] spread = [.. Enumerable.Range(0, candidates.Count).Where(i => withSpread[i])];
        return new(
            [.. spread.Take(groups)],
            [.. Enumerable.Range(0, candidates.Count).Where(i => !withSpread[i])],
            [.. spread.Skip(groups)]);
    }
}
