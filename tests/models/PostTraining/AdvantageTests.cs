using ActorTrain.Models.PostTraining.Advantages;

namespace ActorTrain.Models.Tests.PostTraining;

/// <summary>Advantages against formulas in float64, and what holds for any group.</summary>
public sealed class AdvantageTests
{
    private delegate void Estimator(ReadOnlySpan<double?> rewards, Span<double> advantages);

    public static TheoryData<string> Names() => ["grpo", "dr_grpo", "rloo"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Group_advantages_are_those_of_the_formulas(string name)
    {
        foreach (var golden in GoldenCase.Of(name))
            golden.ShouldBe("advantages", Advantages(Named(name, name == "grpo" ? golden["epsilon"] : 0), golden.NumbersOrNull("rewards")));
    }

    [Fact]
    public void Gae_is_the_sum_of_the_paper()
    {
        foreach (var golden in GoldenCase.Of("gae"))
        {
            var (rewards, values, mask) = (golden.Numbers("rewards"), golden.Numbers("values"), golden.Flags("mask"));
            var (advantages, returns) = (new double[mask.Length], new double[mask.Length]);
            Gae.Of(rewards, values, mask, golden["gamma"], golden["lam"], advantages, returns);
            golden.ShouldBe("advantages", advantages);
            golden.ShouldBe("returns", returns);
        }
    }

    [Fact]
    public void Returns_to_go_are_the_sum_of_the_paper()
    {
        foreach (var golden in GoldenCase.Of("returns_to_go"))
        {
            var returns = new double[golden.Numbers("rewards").Length];
            ReinforcePlusPlus.ReturnsToGo(golden.Numbers("rewards"), golden.Flags("mask"), golden["gamma"], returns);
            golden.ShouldBe("returns", returns);
        }
    }

    [Fact]
    public void Whitening_is_that_of_the_formula()
    {
        foreach (var golden in GoldenCase.Of("whitening"))
        {
            var (values, mask) = (golden.Numbers("values"), golden.Flags("mask"));
            var whitening = Whitening.Over(values, mask, mask.Count(static live => live), golden.Is("unbiased"))
                with
            { KeepsMean = !golden.Is("shift") };
            whitening.Apply(values, mask);
            golden.ShouldBe("whitened", values);
        }
    }

    [Fact]
    public void The_baseline_form_of_reinforce_plus_plus_is_the_group_mean_whitened_over_tokens()
    {
        foreach (var golden in GoldenCase.Of("reinforce_plus_plus_baseline"))
        {
            var (groups, lengths) = (golden.RowsOrNull("groups"), golden.Rows("lengths"));
            double[] tokens = [.. groups.SelectMany((group, g) => Advantages(GroupAdvantages.DrGrpo, group)
                .SelectMany((advantage, i) => Enumerable.Repeat(advantage, (int)lengths[g][i])))];
            var mask = Enumerable.Repeat(true, tokens.Length).ToArray();
            Whitening.Over(tokens, mask, tokens.Length).Apply(tokens, mask);
            golden.ShouldBe("advantages", tokens);
        }
    }

    [Fact]
    public void The_filter_of_dapo_takes_the_first_groups_with_spread()
    {
        foreach (var golden in GoldenCase.Of("dapo_filter"))
        {
            var candidates = golden.RowsOrNull("candidates");
            var filter = DapoFilter.Of(candidates, (int)golden["wanted"]);
            golden.ShouldBe("used", filter.Used.Select(static i => (double)i).ToArray());
            filter.Used.Concat(filter.WithoutSpread).Concat(filter.Surplus).Order().ShouldBe(Enumerable.Range(0, candidates.Length));
            filter.Surplus.ShouldAllBe(i => i > filter.Used[filter.Used.Count - 1] && filter.Used.Count == (int)golden["wanted"]);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_samples_advantage_does_not_depend_on_the_order_of_samples(string name)
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var rewards = RandomGroup(random, random.Next(1, 12));
            var order = Enumerable.Range(0, rewards.Length).ToArray();
            random.Shuffle(order);
            var (advantages, permuted) =
                (Advantages(Named(name, 1e-4), rewards), Advantages(Named(name, 1e-4), [.. order.Select(i => rewards[i])]));
            for (var i = 0; i < order.Length; i++)
                permuted[i].ShouldBe(advantages[order[i]], 1e-12, $"seed {seed}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Advantages_of_a_group_sum_to_zero_and_follow_the_rewards(string name)
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var rewards = RandomGroup(random, random.Next(2, 12));
            var advantages = Advantages(Named(name, 1e-4), rewards);
            advantages.Sum().ShouldBe(0, 1e-12, $"seed {seed}");
            for (var i = 1; i < rewards.Length; i++)
            {
                if (rewards[i] is { } reward && rewards[0] is { } first)
                    Math.Sign(advantages[i] - advantages[0]).ShouldBe(Math.Sign(reward - first), $"seed {seed}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Equal_rewards_and_single_samples_have_advantage_zero_to_the_bit(string name)
    {
        foreach (double?[] rewards in new double?[][] { [7], [0.1, 0.1, 0.1], [null, 3, null], [null], [] })
            Advantages(Named(name, 1e-9), rewards).ShouldAllBe(static advantage => advantage == 0);
    }

    /// <summary>Otherwise the estimator has a bias: with two samples, that of one is exactly the other's, negated.</summary>
    [Fact]
    public void Leave_one_out_is_dr_grpo_times_n_over_n_minus_1()
    {
        double?[] rewards = [1, 4, -2, 0.5];
        var (one, mean) = (Advantages(GroupAdvantages.LeaveOneOut, rewards), Advantages(GroupAdvantages.DrGrpo, rewards));
        for (var i = 0; i < 4; i++)
            one[i].ShouldBe(mean[i] * 4 / 3, 1e-12);
        Advantages(GroupAdvantages.LeaveOneOut, [1, 4]).ShouldBe([-3, 3]);
    }

    [Fact]
    public void With_lambda_1_and_no_critic_gae_is_the_return_to_go()
    {
        double[] rewards = [0.3, -1, 2, 0.7];
        bool[] mask = [true, false, true, true];
        var (advantages, returns, expected) = (new double[4], new double[4], new double[4]);
        Gae.Of(rewards, new double[4], mask, discount: 0.9, lambda: 1, advantages, returns);
        ReinforcePlusPlus.ReturnsToGo(rewards, mask, discount: 0.9, expected);
        advantages.ShouldBe(expected, 1e-12);
        returns.ShouldBe(expected, 1e-12);
    }

    [Fact]
    public void A_perfect_critic_leaves_no_advantage()
    {
        double[] rewards = [0, 0, 1.5], values = [1.5, 1.5, 1.5];
        var (advantages, returns) = (new double[3], new double[3]);
        Gae.Of(rewards, values, [true, true, true], 1, 0.95, advantages, returns);
        advantages.ShouldBe([0, 0, 0]);
        returns.ShouldBe(values);
    }

    [Fact]
    public void A_reward_that_is_no_number_is_refused() =>
        Should.Throw<ArgumentException>(static () => GroupStatistics.Of([1, double.NaN, 0])).Message.ShouldContain("could not be scored");

    /// <summary>A failed rollout became a one-token dummy that counted in the loss and in the statistics of its group.</summary>
    [Fact]
    public void Agentcore_rl_toolkit_122_a_sample_that_failed_leaves_no_trace_in_its_group()
    {
        double?[] without = [1, 0, 0.5], with = [1, null, 0, 0.5];
        foreach (var name in (string[])["grpo", "dr_grpo", "rloo"])
        {
            var (expected, actual) = (Advantages(Named(name, 1e-4), without), Advantages(Named(name, 1e-4), with));
            actual.ShouldBe([expected[0], 0, expected[1], expected[2]], name);
        }

        GroupStatistics.Of(with).ShouldBe(GroupStatistics.Of(without));
    }

    /// <summary>Each rank whitened its slice of the tokens. A slice is refused, and the moments of the step serve every slice.</summary>
    [Fact]
    public void RLinf_1195_whitening_is_over_the_step_and_not_over_a_slice()
    {
        double[] advantages = [3, 1, -2, 5, 0, 8];
        bool[] mask = [true, true, false, true, true, true];
        Should.Throw<InvariantException>(() => Whitening.Over(advantages.AsSpan(0, 3), mask.AsSpan(0, 3), tokens: 5))
            .Message.ShouldBe("Whitening needs all 5 tokens of the step, not 2.");
        var whitening = Whitening.Over(advantages, mask, tokens: 5);
        double[] whole = [.. advantages], first = advantages[..3], second = advantages[3..];
        whitening.Apply(whole, mask);
        whitening.Apply(first, mask.AsSpan(0, 3));
        whitening.Apply(second, mask.AsSpan(3));
        ((double[])[.. first, .. second]).ShouldBe(whole);
    }

    private static double?[] RandomGroup(Random random, int size) =>
        [.. Enumerable.Range(0, size).Select(_ => random.Next(5) == 0 ? (double?)null : Math.Round(random.NextDouble() * 4) / 3)];

    private static Estimator Named(string name, double epsilon) => name switch
    {
        "grpo" => (rewards, advantages) => GroupAdvantages.Grpo(rewards, epsilon, advantages),
        "dr_grpo" => GroupAdvantages.DrGrpo,
        _ => GroupAdvantages.LeaveOneOut,
    };

    private static double[] Advantages(Estimator estimator, double?[] rewards)
    {
        var advantages = new double[rewards.Length];
        estimator(rewards, advantages);
        return advantages;
    }
}
