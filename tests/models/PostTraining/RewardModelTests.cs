using ActorTrain.Models.PostTraining.Rewards;

namespace ActorTrain.Models.Tests.PostTraining;

public sealed class RewardModelTests
{
    [Fact]
    public void Bradley_terry_is_that_of_autograd()
    {
        foreach (var golden in GoldenCase.Of("bradley_terry"))
        {
            var (chosen, rejected, margin) = (golden.Numbers("chosen"), golden.Numbers("rejected"), golden.Numbers("margin"));
            var losses = chosen.Select((reward, i) =>
                BradleyTerry.Of(reward, rejected[i], margin[i], golden["centering"], chosen.Length)).ToArray();
            golden.ShouldBe("loss", losses.Sum(static loss => loss.Value));
            golden.ShouldBe("gradient_chosen", losses.Select(static loss => loss.Chosen).ToArray());
            golden.ShouldBe("gradient_rejected", losses.Select(static loss => loss.Rejected).ToArray());
            golden.ShouldBe("accuracy", BradleyTerry.Accuracy(chosen, rejected, chosen.Length));
        }
    }

    [Fact]
    public void Rankings_are_those_of_autograd()
    {
        foreach (var golden in GoldenCase.Of("ranking"))
        {
            var rewards = golden.Rows("rewards");
            var gradients = rewards.Select(static row => new double[row.Length]).ToArray();
            golden.ShouldBe("loss", rewards.Select((row, i) => Ranking.Of(row, 0, rewards.Length, gradients[i])).Sum());
            golden.ShouldBe("gradient_rewards", gradients);
        }
    }

    [Fact]
    public void A_gradient_is_that_of_finite_differences()
    {
        double[] rewards = [0.3, -1.2, 0.8, 0.1];
        var gradient = new double[4];
        Ranking.Of(rewards, centering: 0.05, rankings: 3, gradient);
        gradient.ShouldAgree(FiniteDifference.Of(moved => Ranking.Of(moved, 0.05, 3, new double[4]), rewards), "ranking");
        var loss = BradleyTerry.Of(0.4, -0.3, margin: 0.5, centering: 0.1, pairs: 2);
        new[] { loss.Chosen, loss.Rejected }.ShouldAgree(
            FiniteDifference.Of(static r => BradleyTerry.Of(r[0], r[1], 0.5, 0.1, 2).Value, [0.4, -0.3]), "pair");
    }

    [Fact]
    public void A_ranking_of_two_is_a_pair()
    {
        var gradient = new double[2];
        var pair = BradleyTerry.Of(0.4, -0.3, 0, 0.1, 5);
        Ranking.Of([0.4, -0.3], 0.1, 5, gradient).ShouldBe(pair.Value);
        gradient.ShouldBe([pair.Chosen, pair.Rejected]);
    }

    [Fact]
    public void Centering_alone_pulls_the_sum_of_a_pair_to_zero()
    {
        var loss = BradleyTerry.Of(50, 10, margin: 0, centering: 0.5, pairs: 1);
        loss.Value.ShouldBe(0.5 * 3600, 1e-9);
        loss.Chosen.ShouldBe(60, 1e-9);
        loss.Rejected.ShouldBe(60, 1e-9);
    }

    [Fact]
    public void A_tie_is_an_error_of_the_reward_model() => BradleyTerry.Accuracy([1, 2, 3, 0], [1, 1, 4, -1], pairs: 4).ShouldBe(0.5);

    [Fact]
    public void Normalized_rewards_of_the_reference_samples_have_mean_0_and_deviation_1()
    {
        foreach (var golden in GoldenCase.Of("normalization"))
        {
            var rewards = golden.Numbers("rewards");
            var normalization = RewardNormalization.From(rewards);
            golden.ShouldBe("gain", normalization.Gain);
            golden.ShouldBe("normalized", rewards.Select(normalization.Apply).ToArray());
        }
    }

    [Fact]
    public void Equal_rewards_cannot_be_normalized() =>
        Should.Throw<InvariantException>(static () => RewardNormalization.From([2, 2, 2])).Message.ShouldContain("3 reference samples");
}
