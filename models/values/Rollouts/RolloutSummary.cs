namespace ActorTrain.Models.Rollouts;

/// <summary>Figures of a step's rollouts.</summary>
/// <param name="Rollouts">How many.</param>
/// <param name="Tokens">Of all completions.</param>
/// <param name="Unscored">Rollouts without a reward.</param>
/// <param name="Reward">Mean of those that have one; NaN if none has.</param>
/// <param name="Parts">Mean of each part of the reward, of the rollouts that have it.</param>
/// <param name="Divergence">Mean of a completion's k1 estimate of the KL divergence from the base model, in nats; null if not
/// computed.</param>
/// <param name="Entropy">Mean of −ℓᵇ_t over tokens, in nats: an estimate of the entropy.</param>
/// <param name="Ended">Share of completions that have their end token.</param>
/// <param name="Spread">Share of groups with two different rewards.</param>
public sealed record RolloutSummary(
    int Rollouts, long Tokens, int Unscored, double Reward, EquatableArray<double> Parts, double? Divergence, double Entropy, double Ended,
    double Spread)
{
    /// <summary>Mean of ½(V_t − R_t)² over the tokens that are trained on, R_t their returns; null without a critic.</summary>
    public double? ValueLoss { get; init; }

    /// <summary>1 − Var(R − V) / Var(R) over these tokens: 1 for a critic that knows the returns, 0 for one that knows only their mean;
    /// null without a critic, or where all returns are the same.</summary>
    public double? ExplainedVariance { get; init; }

    /// <summary>Of the divergence in the reward, where it is adapted; else null.</summary>
    public double? KlCoefficient { get; init; }

    /// <summary>Mean tokens of a completion.</summary>
    public double Length => (double)Tokens / Rollouts;

    public static RolloutSummary Of(IReadOnlyList<RolloutGroup> groups)
    {
        ScoredRollout[] all = [.. groups.SelectMany(static group => group.Samples)];
        var scored = all.Where(static one => one.Score.Total is not null).ToList();
        var tokens = all.Sum(static one => (long)one.Rollout.Ids.Count);
        var parts = all.Length == 0 ? 0 : all[0].Score.Parts.Count;
        return new RolloutSummary(
            all.Length, tokens, all.Length - scored.Count, Mean(scored, static one => one.Score.Total!.Value),
            [.. Enumerable.Range(0, parts).Select(part => Mean(all.Where(one => one.Score.Parts[part] is not null).ToList(),
                one => one.Score.Parts[part]!.Value))],
            all.Length > 0 && all[0].Reference.Count > 0 ? Mean(all, static one => one.Divergence()) : null,
            all.Sum(static one => one.Rollout.LogProbabilities.Sum(static value => -(double)value)) / tokens,
            Mean(all, static one => one.Rollout.HasEnded ? 1 : 0),
            Mean(groups, static group => group.Samples.Select(static one => one.Score.Total).OfType<double>().Distinct().Count() > 1 ? 1
                : 0));
    }

    private static double Mean<T>(IReadOnlyCollection<T> items, Func<T, double> value) =>
        items.Count == 0 ? double.NaN : items.Sum(value) / items.Count;
}
