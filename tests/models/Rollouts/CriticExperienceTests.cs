using ActorTrain.Models.Rollouts;

namespace ActorTrain.Models.Tests.Rollouts;

/// <summary>What a step makes of the values of a critic.</summary>
public sealed class CriticExperienceTests
{
    private static readonly AdvantageOptions Options = new()
    {
        Estimator = AdvantageEstimator.Gae, Discount = 0.9, Lambda = 0.8, KlCoefficient = 0.5, Whiten = false,
    };

    [Fact]
    public void Advantages_follow_from_rewards_of_tokens_and_values_and_returns_are_what_values_should_have_been()
    {
        // By hand: r = -0.5 * [0.2, -0.4], the reward on the last.
        var group = Group(0, Sample(2, [-1, -2], [-1.2f, -1.6f], [0.5f, 0.25f]));
        var found = StepAdvantages.Of([group], Options, longest: 4)[0][0];
        var last = 0.2 + 2 - 0.25;
        var first = -0.1 + (0.9 * 0.25) - 0.5 + (0.9 * 0.8 * last);
        found.Values.ShouldBe([first, last], 1e-6);
        found.Returns.ShouldBe([first + 0.5, last + 0.25], 1e-6);
        found.Mask.ShouldBe([true, true]);
    }

    [Fact]
    public void Whitening_changes_advantages_but_no_return_and_is_over_the_whole_step()
    {
        RolloutGroup[] groups =
        [
            Group(0, Sample(1, [-1, -1], [0, 0], [0, 0])), Group(1, Sample(0, [-2], [0], [0.5f]), Sample(3, [-1], [0], [0])),
        ];
        var plain = Flat(StepAdvantages.Of(groups, Options, 4));
        var white = Flat(StepAdvantages.Of(groups, Options with { Whiten = true }, 4));
        white.SelectMany(static one => one.Returns).ShouldBe(plain.SelectMany(static one => one.Returns));
        double[] values = [.. white.SelectMany(static one => one.Values)];
        values.Average().ShouldBe(0, 1e-9);
        values.Average(static value => value * value).ShouldBe(1, 1e-6);

        static List<TokenAdvantages> Flat(IReadOnlyList<IReadOnlyList<TokenAdvantages>> step) =>
            [.. step.SelectMany(static group => group)];
    }

    [Fact]
    public void The_figures_tell_how_well_values_were_known_and_a_wrong_value_is_another_experience()
    {
        var options = Options with { Lambda = 1, Discount = 1, KlCoefficient = 0 };
        Experience Of(params float[] values) => new(
            [.. values.Select((value, i) => Group(i, Sample(i, [-1], [], [value])))], options, longest: 4, isOnPolicy: true);
        var (perfect, mean, wrong) = (Of(0, 1, 2), Of(1, 1, 1), Of(2, 1, 0));
        (perfect.Summary.ValueLoss, perfect.Summary.ExplainedVariance).ShouldBe((0, 1));
        mean.Summary.ValueLoss!.Value.ShouldBe(1.0 / 3, 1e-12);
        mean.Summary.ExplainedVariance.ShouldBe(0);
        wrong.Summary.ExplainedVariance.ShouldBe(-3);
        new[] { perfect.Hash, mean.Hash, wrong.Hash }.Distinct().Count().ShouldBe(3);
        var without = new Experience([Group(0, Sample(1, [-1], [], []))], new AdvantageOptions(), 4, isOnPolicy: true);
        (without.Summary.ValueLoss, without.Summary.ExplainedVariance).ShouldBe((null, null));
    }

    [Fact]
    public void A_batch_has_values_and_returns_at_the_rows_that_predict_the_tokens()
    {
        var group = Group(0, Sample(1, [-1, -1], [], [0.5f, 0.25f]), Sample(0, [-1], [], [4]));
        var experience = new Experience([group], Options with { KlCoefficient = 0 }, 4, isOnPolicy: true);
        var batch = experience.Batches([0], microBatch: 8).ShouldHaveSingleItem();
        CompletionRows.RowsOf(batch).ShouldBe([1, 2, 4]);
        batch.Values.ShouldBe([0, 0.5, 0.25, 0, 4]);
        batch.Returns[4].ShouldBe(0);
        batch.Returns[2].ShouldBe(1);
    }

    private static RolloutGroup Group(long position, params ScoredRollout[] samples) => new(position, [7, 8], [.. samples]);

    private static ScoredRollout Sample(double reward, float[] logProbabilities, float[] reference, float[] values) => new(
        new Rollout([.. logProbabilities.Select(static (_, i) => i)], [.. logProbabilities], HasEnded: true),
        new RolloutScore(reward, [reward]), [.. reference]) { Values = [.. values] };
}
