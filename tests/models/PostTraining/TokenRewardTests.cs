using ActorTrain.Models.PostTraining.Rewards;

namespace ActorTrain.Models.Tests.PostTraining;

/// <summary>What a policy is rewarded for: scores, penalties, and the KL term with its controller.</summary>
public sealed class TokenRewardTests
{
    [Fact]
    public void Rewards_of_tokens_are_those_of_the_formula()
    {
        foreach (var golden in GoldenCase.Of("token_rewards"))
        {
            var rewards = new double[golden.Numbers("old").Length];
            golden.ShouldBe("kl", TokenRewards.Of(golden.Numbers("old"), golden.Numbers("reference"), golden.Flags("mask"), golden["score"],
                golden["clip"], golden["beta"], rewards));
            golden.ShouldBe("rewards", rewards);
        }
    }

    [Fact]
    public void The_controller_follows_the_formula()
    {
        foreach (var golden in GoldenCase.Of("kl_controller"))
        {
            var controller = new KlController(golden["beta"], golden["target"], golden["horizon"]);
            List<double> betas = [];
            foreach (var divergence in golden.Numbers("divergences"))
            {
                controller = controller.After(divergence, (long)golden["sequences"]);
                betas.Add(controller.Beta);
            }

            golden.ShouldBe("betas", betas);
        }
    }

    [Fact]
    public void The_penalty_of_length_follows_the_three_cases_of_the_paper()
    {
        foreach (var golden in GoldenCase.Of("overlong"))
        {
            golden.ShouldBe("penalties", golden.Numbers("lengths")
                .Select(tokens => LengthPenalties.Overlong((int)tokens, (int)golden["longest"], (int)golden["margin"])).ToArray());
        }
    }

    [Theory]
    [InlineData(true, MissingEnd.Replace, 3)]
    [InlineData(false, MissingEnd.Keep, 3)]
    [InlineData(false, MissingEnd.Replace, 1)]
    [InlineData(false, MissingEnd.Subtract, 2)]
    public void A_missing_end_costs_what_was_chosen(bool hasEnd, MissingEnd form, double expected) =>
        LengthPenalties.WithoutEnd(score: 3, hasEnd, form, amount: 1).ShouldBe(expected);

    /// <summary>The score stood on the first padding token, one past the end token (TRL#3750).</summary>
    [Fact]
    public void TRL_3750_the_score_stands_on_the_last_token_that_the_policy_wrote()
    {
        var rewards = new double[5];
        TokenRewards.Of(new double[5], new double[5], [false, true, true, true, false], score: 2, clip: 10, beta: 0.1, rewards);
        rewards.ShouldBe([0, 0, 0, 2, 0]);
    }

    [Fact]
    public void At_the_reference_the_rewards_sum_to_the_score()
    {
        double[] old = [-1, -0.5, -2];
        var rewards = new double[3];
        TokenRewards.Of(old, old, [true, true, true], score: -1.5, clip: 10, beta: 3, rewards).ShouldBe(0);
        rewards.Sum().ShouldBe(-1.5);
    }
}
