using ActorTrain.Models.PostTraining.Rewards;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Tests.PostTraining;

namespace ActorTrain.Models.Tests.Rollouts;

/// <summary>Advantages of a step's tokens, from another implementation and by hand from the formulas.</summary>
public sealed class StepAdvantagesTests
{
    private const int Longest = 8;

    private static readonly AdvantageEstimator[] All = Enum.GetValues<AdvantageEstimator>();

    [Fact]
    public void From_the_scores_of_a_step_to_its_tokens_advantages_are_those_of_the_formulas()
    {
        foreach (var golden in GoldenCase.Of("step"))
        {
            var cases = golden.CaseRows("groups");
            List<RolloutGroup> groups = [.. cases.Select(static (group, i) => new RolloutGroup(i, [4, 5], [.. group.Select(Scored)]))];
            var found = StepAdvantages.Of(groups, OptionsOf(golden), (int)golden["longest"]);
            for (var group = 0; group < cases.Count; group++)
            {
                for (var sample = 0; sample < cases[group].Count; sample++)
                {
                    var (expected, tokens) = (cases[group][sample], found[group][sample]);
                    expected.ShouldBe("advantages", tokens.Values);
                    expected.ShouldBe("returns", tokens.Returns);
                    tokens.Mask.ShouldAllBe(live => live == expected.Is("live"), golden.Word("estimator"));
                }
            }
        }

        static ScoredRollout Scored(GoldenCase golden) => new(
            new Rollout([.. golden.Numbers("logs").Select(static (_, i) => i)], Floats(golden, "logs"), golden.Is("ended")),
            new RolloutScore(golden.NumberOrNull("reward"), []), Floats(golden, "reference"))
        {
            Values = Floats(golden, "values"),
        };

        static EquatableArray<float> Floats(GoldenCase golden, string name) => [.. golden.Numbers(name).Select(static one => (float)one)];

        static AdvantageOptions OptionsOf(GoldenCase golden) => new()
        {
            Estimator = Enum.Parse<AdvantageEstimator>(
                golden.Word("estimator").Replace("_", "", StringComparison.Ordinal), ignoreCase: true),
            Epsilon = golden["epsilon"],
            Discount = golden["gamma"],
            Lambda = golden["lam"],
            Whiten = golden.Is("whiten"),
            KlCoefficient = golden["beta"],
            RewardClip = golden["clip"],
            MissingEnd = Enum.Parse<MissingEnd>(golden.Word("missing"), ignoreCase: true),
            MissingEndAmount = golden["amount"],
            OverlongMargin = (int)golden["margin"],
            MaskTruncated = golden.Is("mask_truncated"),
            Groups = (int)golden["wanted"],
        };
    }

    [Fact]
    public void Group_estimators_give_every_token_the_advantage_of_its_sample()
    {
        List<RolloutGroup> groups = [Group(10, [1, 0, 0, null]), Group(11, [2, 4])];
        var deviation = Math.Sqrt(1.0 / 3);
        double[] standardised = [2.0 / 3 / (deviation + 1e-4), -1.0 / 3 / (deviation + 1e-4), -1.0 / 3 / (deviation + 1e-4), 0];
        Of(groups, AdvantageEstimator.Grpo)[0].ShouldBe(standardised, 1e-12);
        Of(groups, AdvantageEstimator.DrGrpo)[0].ShouldBe([2.0 / 3, -1.0 / 3, -1.0 / 3, 0], 1e-12);
        Of(groups, AdvantageEstimator.Rloo)[0].ShouldBe([1, -0.5, -0.5, 0], 1e-12);
        Of(groups, AdvantageEstimator.DrGrpo)[1].ShouldBe([-1, 1], 1e-12);
        Of(groups, AdvantageEstimator.Rloo)[1].ShouldBe([-2, 2], 1e-12);
    }

    [Fact]
    public void Reinforce_plus_plus_whitens_returns_over_all_tokens_of_the_step()
    {
        List<RolloutGroup> groups = [Group(1, [3, -1, null]), Group(2, [0.5, 2])];
        var samples = groups.SelectMany(static group => group.Samples).Where(static one => one.Score.Total is not null).ToList();

        // The return of each token: the score, less the KL terms from there on.
        const double beta = 0.1;
        var returns = samples.Select(one => Enumerable.Range(0, one.Rollout.Ids.Count).Select(t => one.Score.Total!.Value
            - (beta * Enumerable.Range(t, one.Rollout.Ids.Count - t)
                .Sum(i => (double)one.Rollout.LogProbabilities[i] - one.Reference[i]))).ToArray()).ToList();
        var all = returns.SelectMany(static row => row).ToList();
        var (mean, variance) = (all.Average(), all.Average(one => (one - all.Average()) * (one - all.Average())));

        var found = StepAdvantages.Of(
            groups, new AdvantageOptions { Estimator = AdvantageEstimator.ReinforcePlusPlus, KlCoefficient = beta }, Longest)
            .SelectMany(static group => group).ToList();
        found.RemoveAt(2);
        foreach (var (tokens, expected) in found.Zip(returns))
            tokens.Values.ShouldBe(expected.Select(one => (one - mean) / Math.Sqrt(variance + 1e-8)), 1e-12);
    }

    [Fact]
    public void The_baseline_form_whitens_rewards_less_the_mean_of_their_group_over_tokens()
    {
        List<RolloutGroup> groups = [Group(1, [3, -1, null]), Group(2, [0, 2])];
        var found = StepAdvantages.Of(groups, new AdvantageOptions { Estimator = AdvantageEstimator.ReinforcePlusPlusBaseline }, Longest);

        // Lengths are 1, 2, 3 and 1, 2.
        double[] tokens = [2, -2, -2, -1, 1, 1];
        var (mean, variance) = (tokens.Average(), tokens.Average(one => (one - tokens.Average()) * (one - tokens.Average())));
        found.SelectMany(static group => group).SelectMany(static sample => sample.Values.Where((_, t) => sample.Mask[t]))
            .ShouldBe(tokens.Select(one => (one - mean) / Math.Sqrt(variance + 1e-8)), 1e-12);
    }

    // agentcore-rl-toolkit#122: a failed rollout became a dummy inside loss and statistics.
    [Fact]
    public void What_cannot_be_scored_has_no_advantage_and_changes_that_of_no_other()
    {
        foreach (var estimator in All)
        {
            var options = new AdvantageOptions { Estimator = estimator, KlCoefficient = 0.05 };
            var first = Group(1, [3, -1, null, 7]);
            var with = StepAdvantages.Of([first, Group(2, [null, null]), Group(3, [1, 2])], options, Longest);
            ScoredRollout[] scored = [.. first.Samples.Where(static one => one.Score.Total is not null)];
            var without = StepAdvantages.Of([first with { Samples = [.. scored] }, Group(3, [1, 2])], options, Longest);
            with[0][2].Values.ShouldAllBe(static value => value == 0);
            with[1].ShouldAllBe(static sample => sample.Values.All(static value => value == 0));
            Values(with[0].Where(static (_, sample) => sample != 2).Concat(with[2]))
                .ShouldBe(Values(without.SelectMany(static group => group)), estimator.ToString());
        }

        static IEnumerable<EquatableArray<double>> Values(IEnumerable<TokenAdvantages> samples) =>
            samples.Select(static sample => (EquatableArray<double>)[.. sample.Values]);
    }

    [Fact]
    public void The_divergence_from_the_reference_lowers_the_reward_of_a_sample()
    {
        var group = Group(1, [1, 1]);
        var divergences = group.Samples.Select(static one => one.Divergence()).ToArray();
        divergences[0].ShouldBe((double)group.Samples[0].Rollout.LogProbabilities[0] - group.Samples[0].Reference[0], 1e-12);
        var found = Of([group], AdvantageEstimator.DrGrpo, new() { KlCoefficient = 0.3 })[0];
        found[0].ShouldBe(-0.3 * (divergences[0] - divergences[1]) / 2, 1e-12);
        Of([group], AdvantageEstimator.DrGrpo)[0].ShouldBe([0.0, 0.0]);
    }

    [Fact]
    public void Scores_are_changed_by_missing_ends_and_length_and_then_bounded()
    {
        // Of lengths 1 to 6; those of even length have no end.
        var group = Group(1, [0, 0, 0, 0, 0, 0]);
        Relative(new() { MissingEnd = MissingEnd.Replace, MissingEndAmount = -2 }).ShouldBe([0, -2, 0, -2, 0, -2], 1e-12);
        Relative(new() { MissingEnd = MissingEnd.Subtract, MissingEndAmount = 0.5 }).ShouldBe([0, -0.5, 0, -0.5, 0, -0.5], 1e-12);
        Relative(new() { OverlongMargin = 4 }).ShouldBe([0, 0, 0, 0, -0.25, -0.5], 1e-12);
        Relative(new() { MissingEnd = MissingEnd.Replace, MissingEndAmount = -2, RewardClip = 1.5 })
            .ShouldBe([0, -1.5, 0, -1.5, 0, -1.5], 1e-12);

        double[] Relative(AdvantageOptions options)
        {
            var found = Of([group], AdvantageEstimator.DrGrpo, options)[0];
            return [.. found.Select(one => one - found[0])];
        }
    }

    [Fact]
    public void Truncated_completions_teach_nothing_where_so_chosen()
    {
        foreach (var estimator in All)
        {
            var found = StepAdvantages.Of([Group(1, [1, 2, 3, 4])], new() { Estimator = estimator, MaskTruncated = true }, Longest)[0];
            found.Select(static sample => sample.Mask.Any(static live => live)).ShouldBe([true, false, true, false]);
            found.Where(static (_, i) => i % 2 == 0).ShouldAllBe(static sample => sample.Mask.All(static live => live));
            if (estimator is AdvantageEstimator.ReinforcePlusPlus or AdvantageEstimator.ReinforcePlusPlusBaseline)
                found.Where(static (_, i) => i % 2 == 0).SelectMany(static sample => sample.Values).Average().ShouldBe(0, 1e-9);
        }

        // And where all are, nothing is learned.
        StepAdvantages.Of(
            [new RolloutGroup(1, [1], [Sample(2, 1), Sample(4, 2)])],
            new() { Estimator = AdvantageEstimator.ReinforcePlusPlus, MaskTruncated = true }, Longest)[0]
            .ShouldAllBe(static sample => !sample.Mask.Contains(true));
    }

    // DAPO's loop of refills depends on who is done first; verl's filter, on the order of completion.
    [Fact]
    public void Of_fixed_candidates_the_first_groups_with_two_rewards_are_trained_on()
    {
        List<RolloutGroup> candidates = [Group(1, [1, 1]), Group(2, [1, 0]), Group(3, [null, 1]), Group(4, [0, 2]), Group(5, [0, 1])];
        Used(2).ShouldBe([false, true, false, true, false]);
        Used(9).ShouldBe([false, true, false, true, true]);
        Used(0).ShouldBe([true, true, true, true, true]);

        bool[] Used(int groups) =>
        [
            .. StepAdvantages.Of(candidates, new() { Groups = groups }, Longest)
                .Select(static group => group.Any(static sample => sample.Mask.Contains(true))),
        ];
    }

    [Fact]
    public void Advantages_of_a_step_do_not_depend_on_what_is_equal_to_them()
    {
        // A group without spread has advantage 0 exactly, whatever rounding its mean has.
        foreach (var estimator in new[] { AdvantageEstimator.Grpo, AdvantageEstimator.DrGrpo, AdvantageEstimator.Rloo })
            Of([Group(1, [0.1, 0.1, 0.1])], estimator)[0].ShouldBe([0.0, 0.0, 0.0]);
    }

    // Of each group, the advantage of each sample's tokens, which are equal.
    private static double[][] Of(IReadOnlyList<RolloutGroup> groups, AdvantageEstimator estimator, AdvantageOptions? options = null) =>
    [
        .. StepAdvantages.Of(groups, (options ?? new()) with { Estimator = estimator }, Longest).Select(static group => group.Select(
            static sample =>
            {
                sample.Values.Distinct().ShouldHaveSingleItem();
                return sample.Values[0];
            }).ToArray()),
    ];

    private static RolloutGroup Group(long position, double?[] rewards) =>
        new(position, [4, 5], [.. rewards.Select(static (reward, i) => Sample(i + 1, reward))]);

    private static ScoredRollout Sample(int length, double? reward) => new(
        new Rollout(
            [.. Enumerable.Range(10, length)], [.. Enumerable.Range(1, length).Select(t => -0.25f * t / length)],
            HasEnded: length % 2 == 1),
        new RolloutScore(reward, []), [.. Enumerable.Range(1, length).Select(static t => -0.125f * t * t)])
    {
        Values = [.. Enumerable.Range(1, length).Select(static t => 0.5f / t)],
    };
}
