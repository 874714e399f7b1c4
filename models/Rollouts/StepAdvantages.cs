using ActorTrain.Models.PostTraining.Advantages;
using ActorTrain.Models.PostTraining.Rewards;

namespace ActorTrain.Models.Rollouts;

/// <summary>Which tokens of a step's rollouts are learnt from, and how much: a function of all of them, computed once per step, in double,
/// in order of position, sample and token (RLinf#1195: shares of whitening are not the whole).</summary>
public sealed class StepAdvantages
{
    private readonly AdvantageOptions options;
    private readonly int longest;
    private readonly IReadOnlyList<RolloutGroup> groups;
    private readonly TokenAdvantages[][] advantages;

    private StepAdvantages(IReadOnlyList<RolloutGroup> groups, AdvantageOptions options, int longest)
    {
        (this.groups, this.options, this.longest) = (groups, options, longest);
        advantages = [.. groups.Select(static group => group.Samples.Select(static _ => TokenAdvantages.None).ToArray())];
    }

    /// <param name="groups">Of the step, in order of position.</param>
    /// <param name="longest">Most tokens of a completion.</param>
    /// <returns>Of each group, those of its samples.</returns>
    public static IReadOnlyList<IReadOnlyList<TokenAdvantages>> Of(
        IReadOnlyList<RolloutGroup> groups, AdvantageOptions options, int longest)
    {
        var step = new StepAdvantages(groups, options, longest);
        step.Compute();
        return step.advantages;
    }

    private void Compute()
    {
        var rewards = groups.Select(group => group.Samples.Select(RewardOf).ToArray()).ToArray();
        var used = options.Groups == 0 ? [.. Enumerable.Range(0, groups.Count)] : DapoFilter.Of(rewards, options.Groups).Used;
        foreach (var group in used)
        {
            var ofSamples = new double[rewards[group].Length];
            Baseline(rewards[group], ofSamples);
            for (var sample = 0; sample < ofSamples.Length; sample++)
                advantages[group][sample] = OfTokens(groups[group].Samples[sample], rewards[group][sample], ofSamples[sample]);
        }

        if (Whitens)
            Whiten();
    }

    // Of a rollout; with estimators that give all tokens one advantage, the KL term is in it.
    private double? RewardOf(ScoredRollout scored)
    {
        var rollout = scored.Rollout;
        if (scored.Score.Total is not { } score)
            return null;
        score = LengthPenalties.WithoutEnd(score, rollout.HasEnded, options.MissingEnd, options.MissingEndAmount);
        if (options.OverlongMargin > 0)
            score += LengthPenalties.Overlong(rollout.Ids.Count, longest, options.OverlongMargin);
        if (options.RewardClip > 0)
            score = Math.Clamp(score, -options.RewardClip, options.RewardClip);
        return options.RewardsTokens || options.KlCoefficient == 0 ? score
            : score - (options.KlCoefficient * scored.Divergence());
    }

    private void Baseline(double?[] rewards, double[] ofSamples)
    {
        switch (options.Estimator)
        {
            case AdvantageEstimator.Grpo:
                GroupAdvantages.Grpo(rewards, options.Epsilon, ofSamples);
                break;
            case AdvantageEstimator.DrGrpo or AdvantageEstimator.ReinforcePlusPlusBaseline:
                GroupAdvantages.DrGrpo(rewards, ofSamples);
                break;
            case AdvantageEstimator.Rloo:
                GroupAdvantages.LeaveOneOut(rewards, ofSamples);
                break;
            default:
                // From its own reward alone.
                break;
        }
    }

    private bool Whitens => options.Estimator is AdvantageEstimator.ReinforcePlusPlus or AdvantageEstimator.ReinforcePlusPlusBaseline
        || (options.Estimator is AdvantageEstimator.Gae && options.Whiten);

    private TokenAdvantages OfTokens(ScoredRollout scored, double? reward, double advantage)
    {
        // Whitening would give it an advantage, and so would the rewards of its tokens.
        if ((Whitens || options.RewardsTokens) && reward is null)
            return TokenAdvantages.None;
        var tokens = scored.Rollout.Ids.Count;
        var mask = new bool[tokens];
        mask.AsSpan().Fill(!options.MaskTruncated || scored.Rollout.HasEnded);
        var values = new double[tokens];
        values.AsSpan().Fill(advantage);
        if (!options.RewardsTokens)
            return new TokenAdvantages(values, mask);
        var rewards = new double[tokens];
        TokenRewards.Of(
            Doubles(scored.Rollout.LogProbabilities), options.KlCoefficient == 0 ? new double[tokens] : Doubles(scored.Reference), mask,
            reward!.Value, double.PositiveInfinity, options.KlCoefficient, rewards);
        if (options.Estimator is AdvantageEstimator.Gae)
        {
            // The critic learns what the policy has earned, whatever becomes of the scale of advantages.
            var returns = new double[tokens];
            Gae.Of(rewards, Doubles(scored.Values), mask, options.Discount, options.Lambda, values, returns);
            return new TokenAdvantages(values, mask) { Returns = returns };
        }

        ReinforcePlusPlus.ReturnsToGo(rewards, mask, discount: 1, values);
        return new TokenAdvantages(values, mask);
    }

    private void Whiten()
    {
        TokenAdvantages[] all = [.. advantages.SelectMany(static group => group).Where(static sample => sample.Mask.Length > 0)];
        double[] values = [.. all.SelectMany(static sample => sample.Values)];
        bool[] mask = [.. all.SelectMany(static sample => sample.Mask)];
        if (!mask.Contains(true))
            return;
        var whitening = Whitening.Over(values, mask, mask.LongCount(static live => live));
        foreach (var sample in all)
            whitening.Apply(sample.Values, sample.Mask);
    }

    private static double[] Doubles(EquatableArray<float> values) => [.. values.Select(static value => (double)value)];
}

/// <summary>Of one rollout.</summary>
/// <param name="Values">A_t, <c>[time]</c>; empty for a rollout that is not trained on.</param>
/// <param name="Mask">Tokens that are trained on, <c>[time]</c>.</param>
public sealed record TokenAdvantages(double[] Values, bool[] Mask)
{
    public static TokenAdvantages None { get; } = new([], []);

    /// <summary>A_t + V_t before whitening, the critic's target, <c>[time]</c>; empty without a critic.</summary>
    public double[] Returns { get; init; } = [];
}
