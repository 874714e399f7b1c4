using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Spikes;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Actors.Tests.Spikes;

/// <summary>Policies that leave the region in which their reward means something.</summary>
public sealed class PolicyDriftRuleTests
{
    [Fact]
    public void A_policy_that_is_too_far_from_its_base_model_is_rolled_back_to_before_the_update()
    {
        var rule = new PolicyDriftRule(new PolicyDriftOptions { Divergence = 2 }, [1]);
        rule.Judge(Step(7, divergence: 2), []).Finding.ShouldBeNull();
        var finding = rule.Judge(Step(7, divergence: 2.5), []).Finding.ShouldNotBeNull();
        (finding.Answer, finding.Onset, finding.Value, finding.Limit).ShouldBe((SpikeAnswer.RollBack, 6, 2.5, 2));
    }

    [Fact]
    public void A_policy_that_is_too_sure_of_itself_is_rolled_back()
    {
        var rule = new PolicyDriftRule(new PolicyDriftOptions { Entropy = 0.5 }, [1]);
        rule.Judge(Step(7, entropy: 0.5), []).Finding.ShouldBeNull();
        rule.Judge(Step(7, entropy: 0.25), []).Finding.ShouldNotBeNull().Answer.ShouldBe(SpikeAnswer.RollBack);
    }

    [Theory]
    [InlineData(1, -0.02, true)]
    [InlineData(1, 0.02, false)]
    [InlineData(-1, 0.02, true)]
    [InlineData(-1, -0.02, false)]
    [InlineData(0, -0.02, true)]
    public void A_reward_that_rises_while_what_a_part_adds_to_it_falls_is_hacked(double weight, double slope, bool isHacked)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var findings = Judge([1, weight], Enumerable.Range(0, 80).Select(step => Step(
                step, reward: (0.02 * step) + Noise(random), parts: [(0.03 * step) + Noise(random), (slope * step) + Noise(random)])));
            (findings.Count > 0).ShouldBe(isHacked, $"seed {seed}");
            findings.ShouldAllBe(static finding => finding.Answer == SpikeAnswer.RollBack && finding.Onset < 60);
        }
    }

    [Fact]
    public void Parts_that_scatter_without_a_trend_are_no_finding()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            Judge([1, 1], Enumerable.Range(0, 500).Select(step => Step(
                step, reward: (0.01 * step) + Noise(random), parts: [(0.01 * step) + Noise(random), Noise(random)]))).ShouldBeEmpty();
        }
    }

    [Fact]
    public void Steps_without_rollouts_leave_it_as_it_is()
    {
        var rule = new PolicyDriftRule(new PolicyDriftOptions { Divergence = 1, Entropy = 1 }, []);
        ImmutableArray<double> memory = [1, 2, 3];
        var opinion = rule.Judge(Sequences.Of(3, 2), memory);
        (opinion.Finding, opinion.IfApplied, opinion.IfVetoed).ShouldBe((null, memory, memory));
    }

    // The loss of a policy is no learning curve.
    [Fact]
    public void A_policys_loss_that_climbs_is_not_the_drift_of_a_language_model()
    {
        var rule = new DriftRule(new DriftOptions());
        ImmutableArray<double> memory = [];
        for (var step = 0; step < 300; step++)
        {
            var opinion = rule.Judge(Step(step) with { Loss = 0.01 * (1 + step) }, memory);
            opinion.Finding.ShouldBeNull();
            memory = opinion.IfApplied;
        }
    }

    private static List<Finding> Judge(double[] weights, IEnumerable<StepSignals> steps)
    {
        var rule = new PolicyDriftRule(new PolicyDriftOptions(), weights);
        ImmutableArray<double> memory = [];
        List<Finding> findings = [];
        foreach (var step in steps)
        {
            var opinion = rule.Judge(step, memory);
            memory = opinion.IfApplied;
            if (opinion.Finding is { } finding)
                findings.Add(finding);
        }

        return findings;
    }

    private static double Noise(Random random) => 0.1 * Sequences.Normal(random);

    private static StepSignals Step(
        long step, double reward = 1, double[]? parts = null, double divergence = 0, double entropy = 1) => Sequences.Of(step, 0.5) with
    {
        Rollouts = new RolloutSummary(8, 64, 0, reward, [.. parts ?? [reward]], divergence, entropy, 1, 1),
    };
}
