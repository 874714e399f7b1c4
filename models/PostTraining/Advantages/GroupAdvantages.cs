namespace ActorTrain.Models.PostTraining.Advantages;

/// <summary>Advantages of samples relative to the other samples of their prompt. A sample without a reward (null) is left out of the
/// baseline and has advantage 0; so have all samples of a group in which no two rewards differ, such as a group of one.</summary>
public static class GroupAdvantages
{
    /// <summary>A_i = (R_i − mean)/(std + ε), std with n − 1 (GRPO; Shao et al. 2024, section 4.1.2).</summary>
    /// <param name="rewards">[samples]</param>
    /// <param name="advantages">Receives A_i, [samples].</param>
    public static void Grpo(ReadOnlySpan<double?> rewards, double epsilon, Span<double> advantages)
    {
        var group = GroupStatistics.Of(rewards);
        Each(rewards, group, reward => (reward - group.Mean) / (group.Deviation + epsilon), advantages);
    }

    /// <summary>A_i = R_i − mean (Dr. GRPO; Liu et al. 2025, section 3.2): no division by std, which favours prompts that are too easy or
    /// too hard.</summary>
    public static void DrGrpo(ReadOnlySpan<double?> rewards, Span<double> advantages)
    {
        var group = GroupStatistics.Of(rewards);
        Each(rewards, group, reward => reward - group.Mean, advantages);
    }

    /// <summary>A_i = R_i − mean of the others (RLOO; Kool et al. 2019; Ahmadian et al. 2024).</summary>
    public static void LeaveOneOut(ReadOnlySpan<double?> rewards, Span<double> advantages)
    {
        var group = GroupStatistics.Of(rewards);
        Each(rewards, group, reward => reward - (group.Sum - reward) / (group.Scored - 1), advantages);
    }

    private static void Each(ReadOnlySpan<double?> rewards, GroupStatistics group, Func<double, double> advantage, Span<double> advantages)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(advantages.Length, rewards.Length);
        for (var i = 0; i < rewards.Length; i++)
            advantages[i] = group.HasSpread && rewards[i] is { } reward ? advantage(reward) : 0;
    }
}
