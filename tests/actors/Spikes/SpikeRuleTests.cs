using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Spikes;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Actors.Tests.Spikes;

/// <summary>Each rule by hand: small runs of which the answer is known without a computer.</summary>
public sealed class SpikeRuleTests
{
    [Theory]
    [InlineData(double.NaN, 1, 0, "loss")]
    [InlineData(2, double.PositiveInfinity, 0, "gradient norm")]
    [InlineData(2, 1, 3, "non-finite elements")]
    public void What_is_no_number_is_vetoed_from_the_first_step(double loss, double norm, long nonFinite, string signal)
    {
        var finding = new NonFiniteRule().Judge(new StepSignals { Step = 0, Loss = loss, GradientNorm = norm, NonFinite = nonFinite }, [])
            .Finding.ShouldNotBeNull();
        (finding.Signal, finding.Answer, finding.Onset).ShouldBe((signal, SpikeAnswer.Veto, 0));
        new NonFiniteRule().Judge(Sequences.Of(0, 1e300, 1e300), []).Finding.ShouldBeNull();
    }

    [Fact]
    public void Mean_and_sigma_of_three_losses()
    {
        // 2, 4, 6: mean 4, sigma 2.
        var rule = new MeanSigmaRule(new() { Sigma = 3, Window = 3, Warmup = 3 });
        var memory = After(rule, 2, 4, 6);
        rule.Judge(Sequences.Of(3, 10), memory).Finding.ShouldBeNull();
        var finding = rule.Judge(Sequences.Of(3, 10.001), memory).Finding.ShouldNotBeNull();
        finding.Limit.ShouldBe(10);
        finding.Evidence.ShouldName("the loss of step 3 is 10.001", "above 10", "mean 4 of 3 steps", "3 σ of 2");

        // The oldest leaves: 4, 6, 8.
        rule.Judge(Sequences.Of(4, 12.001), After(rule, 2, 4, 6, 8)).Finding.ShouldNotBeNull().Limit.ShouldBe(12);
    }

    [Fact]
    public void A_window_is_fed_with_left_out_steps_only_where_that_is_wished()
    {
        var memory = After(new MeanSigmaRule(new() { Warmup = 2 }), 1, 1.1);
        new MeanSigmaRule(new() { Warmup = 2 }).Judge(Sequences.Of(2, 9), memory).IfVetoed.ShouldBe(memory);
        var fed = new MeanSigmaRule(new() { Warmup = 2, FeedsLeftOut = true }).Judge(Sequences.Of(2, 9), memory);
        fed.IfVetoed.ShouldBe(fed.IfApplied);
        fed.IfVetoed.Length.ShouldBe(6);
    }

    [Fact]
    public void The_median_does_not_follow_outliers()
    {
        // Median 10, median distance 1, whatever the largest is.
        var rule = new RobustZRule(new() { Z = 2, Window = 5, Warmup = 5, LossFloor = 0 });
        var memory = After(rule, 9, 10, 11, 10, 1000);
        var limit = 10 + (2 * 1.4826);
        rule.Judge(Sequences.Of(5, limit - 0.001), memory).Finding.ShouldBeNull();
        rule.Judge(Sequences.Of(5, limit + 0.001), memory).Finding.ShouldNotBeNull().Limit.ShouldBe(limit, 1e-12);
    }

    [Fact]
    public void A_quiet_window_leaves_the_floors_and_a_norm_that_is_out_of_place_halves_what_a_loss_may_be()
    {
        var rule =
            new RobustZRule(new() { Z = 4, JointZ = 2, Window = 4, Warmup = 4, LossFloor = 0.1, NormFloor = 0.5, NormMultiple = 10 });
        var memory = After(rule, 5, 5, 5, 5);
        rule.Judge(Sequences.Of(4, 6.99, 2.99), memory).Finding.ShouldBeNull();
        rule.Judge(Sequences.Of(4, 7.01, 2.99), memory).Finding.ShouldNotBeNull().Limit.ShouldBe(7);
        rule.Judge(Sequences.Of(4, 5.99, 3.01), memory).Finding.ShouldBeNull();
        rule.Judge(Sequences.Of(4, 6.01, 3.01), memory).Finding.ShouldNotBeNull().Limit.ShouldBe(6);
        rule.Judge(Sequences.Of(4, 5, 10), memory).Finding.ShouldBeNull();
        rule.Judge(Sequences.Of(4, 5, 10.01), memory).Finding.ShouldNotBeNull().Signal.ShouldBe("gradient norm");
    }

    [Fact]
    public void Loss_and_gradient_of_a_policy_have_no_level()
    {
        // Both are 0 in steps of which it has solved all prompts.
        var rule = new RobustZRule(new() { Window = 5, Warmup = 5 });
        var memory = After(rule, 0, 0, 0, 0, 0);
        var next = Sequences.Of(5, 0.002, 3);
        rule.Judge(next, memory).Finding.ShouldNotBeNull();
        rule.Judge(next with { Rollouts = new RolloutSummary(8, 64, 0, 1, [1], 0, 1, 1, 1) }, memory).Finding.ShouldBeNull();
    }

    [Fact]
    public void First_max_takes_ten_times_the_largest_for_broken_arithmetic()
    {
        var rule = new FirstMaxRule(new() { Samples = 3 });
        var memory = After(rule, 1, 7, 3);
        rule.Judge(Sequences.Of(3, 69.9), memory).Finding.ShouldBeNull();
        rule.Judge(Sequences.Of(3, 70), memory).Finding.ShouldNotBeNull().Limit.ShouldBe(70);
        rule.Judge(Sequences.Of(3, 1, 10), memory).Finding.ShouldNotBeNull().Signal.ShouldBe("gradient norm");
        After(rule, 1, 7, 3, 69).ShouldBe(memory);
    }

    [Fact]
    public void A_loss_that_stays_high_is_answered_by_going_back_to_the_first_of_the_row()
    {
        var rule = new RunningMultipleRule(new() { Window = 4, Patience = 2 });
        var memory = After(rule, 1, 1, 1, 1, 10, 10);
        var finding = rule.Judge(Sequences.Of(6, 100), memory).Finding.ShouldNotBeNull();
        (finding.Answer, finding.Onset, finding.Limit).ShouldBe((SpikeAnswer.RollBack, 4, 2 * (1 + 1 + 10 + 10) / 4.0));

        // One sound step ends the row.
        rule.Judge(Sequences.Of(7, 100), After(rule, 1, 1, 1, 1, 10, 10, 1)).Finding.ShouldBeNull();
    }

    [Fact]
    public void Drift_names_the_step_at_which_a_climb_began()
    {
        // One per cent up and down, then a climb of half a per cent a step from step 200 on.
        var rule = new DriftRule(new());
        var memory = ImmutableArray<double>.Empty;
        Finding? finding = null;
        long step = 0;
        for (; step < 400 && finding is null; step++)
        {
            var opinion = rule.Judge(
                Sequences.Of(step, 2 * (1 + (0.01 * (step % 2 == 0 ? 1 : -1))) * Math.Exp(0.005 * Math.Max(0, step - 200))), memory);
            (finding, memory) = (opinion.Finding, opinion.IfApplied);
        }

        finding.ShouldNotBeNull().Answer.ShouldBe(SpikeAnswer.RollBack);
        finding.Onset.ShouldBeInRange(195, 210);
        step.ShouldBeInRange(205, 235);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_plateau_is_no_climb_however_long_it_is(int seed)
    {
        var rule = new DriftRule(new());
        var random = new Random(seed);
        var memory = ImmutableArray<double>.Empty;
        for (long step = 0; step < 20_000; step++)
        {
            var opinion = rule.Judge(Sequences.Of(step, 2 * Math.Exp(0.03 * Sequences.Normal(random))), memory);
            opinion.Finding.ShouldBeNull();
            memory = opinion.IfApplied;
        }
    }

    [Fact]
    public void One_hard_batch_is_no_drift()
    {
        var rule = new DriftRule(new());
        var memory = ImmutableArray<double>.Empty;
        for (long step = 0; step < 300; step++)
        {
            var opinion = rule.Judge(Sequences.Of(step, step is 150 or 220 ? 50 : 2 + (0.02 * (step % 3))), memory);
            opinion.Finding.ShouldBeNull();
            memory = opinion.IfApplied;
        }
    }

    [Fact]
    public void Zclip_clips_the_harder_the_further_out()
    {
        // Mean 2, sigma 1.
        var rule = new ZClipRule(new() { Warmup = 2 });
        var memory = rule.Judge(Sequences.Of(1, 1, 3), rule.Judge(Sequences.Of(0, 1, 1), []).IfApplied).IfApplied;
        rule.Judge(Sequences.Of(2, 1, 4.5), memory).Wants.ClipTo.ShouldBeNull();
        var five = rule.Judge(Sequences.Of(2, 1, 7), memory);
        five.Wants.ClipTo.ShouldNotBeNull().ShouldBe(2 + (2.5 * 2.5 / 5), 1e-5);
        five.Finding.ShouldNotBeNull().Answer.ShouldBe(SpikeAnswer.Clip);
        rule.Judge(Sequences.Of(2, 1, 27), memory).Wants.ClipTo.ShouldNotBeNull().ShouldBe(2 + (2.5 * 2.5 / 25), 1e-5);
    }

    [Fact]
    public void Adagc_rests_where_no_tensor_is_measured()
    {
        var opinion = new AdaGcRule(new()).Judge(Sequences.Of(3, 1, 50), [100, 1]);
        (opinion.Finding, opinion.Wants.TensorFactors, opinion.Wants.ClipTo).ShouldBe((null, null, null));
        opinion.IfApplied.ShouldBe([100, 1]);
    }

    [Fact]
    public void Moments_are_forgotten_with_the_first_update_after_a_veto_and_the_rate_comes_back()
    {
        var rule = new MomentumResetRule(new() { Warmup = 2 });
        var sound = rule.Judge(Sequences.Of(0, 1), []);
        sound.Wants.ShouldBe(new());
        var again = rule.Judge(Sequences.Of(0, 1), sound.IfVetoed);
        again.Wants.ResetMomentum.ShouldBeTrue();
        again.Wants.RateFactor.ShouldBe(0.5, 1e-12);

        // Left out once more: it is still owed.
        rule.Judge(Sequences.Of(0, 1), again.IfVetoed).Wants.ResetMomentum.ShouldBeTrue();
        var next = rule.Judge(Sequences.Of(1, 1), again.IfApplied);
        (next.Wants.ResetMomentum, next.Wants.RateFactor).ShouldBe((false, 1));
        rule.Judge(Sequences.Of(2, 1), next.IfApplied).Wants.ShouldBe(new());
    }

    private static ImmutableArray<double> After(SpikeRule rule, params double[] losses)
    {
        var memory = ImmutableArray<double>.Empty;
        for (var step = 0; step < losses.Length; step++)
            memory = rule.Judge(Sequences.Of(step, losses[step]), memory).IfApplied;
        return memory;
    }
}
