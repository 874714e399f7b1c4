using ActorTrain.Actors.Spikes;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Tests.Spikes;

public sealed class SpikeOptionsTests
{
    public static TheoryData<string, SpikeOptions> Wrong => new()
    {
        { "Rules | 'sigma' | first_max, mean_sigma, robust_z, running_multiple, drift, policy_drift, zclip, adagc, momentum_reset",
            new() { Rules = ["drift", "sigma"] } },
        { "Rules | drift twice", new() { Rules = ["drift", "zclip", "drift"] } },
        {
            "MeanSigma.Warmup 65 is above MeanSigma.Window 64",
            new() { MeanSigma = new() { Window = 64, Warmup = 65 } }
        },
        {
            "RobustZ.Warmup 9 is above RobustZ.Window 8",
            new() { RobustZ = new() { Window = 8, Warmup = 9 } }
        },
        { "RunningMultiple.Window is 1, but it must be at least 2 and at most 4096.", new() { RunningMultiple = new() { Window = 1 } } },
        { "Ladder.MaxSkip 10 is not above Ladder.Margin 10", new() { Ladder = new() { MaxSkip = 10 } } },
        { "Drift.Cap 0.5 is not above Drift.Slack 0.5", new() { Drift = new() { Cap = 0.5 } } },
    };

    [Fact]
    public void The_defaults_are_well() => new SpikeOptions().Problems().ShouldBeEmpty();

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_is_wrong_is_named_in_one_sentence(string data, SpikeOptions options) =>
        options.Problems().ShouldHaveSingleItem().ToString().ShouldName(data);

    [Fact]
    public void A_signal_is_watched_where_a_rule_that_is_on_looks_at_it()
    {
        var watching = new WatchedSignals(SpikeSignal.Loss, SpikeSignal.UpdateNorm);
        new SpikeOptions().Watches(SpikeSignal.UpdateNorm).ShouldBeFalse();
        new SpikeOptions { MeanSigma = new() { Signals = watching } }.Watches(SpikeSignal.UpdateNorm).ShouldBeFalse();
        new SpikeOptions { Rules = [MeanSigmaRule.Id], MeanSigma = new() { Signals = watching } }.Watches(SpikeSignal.UpdateNorm)
            .ShouldBeTrue();
        new SpikeOptions { Rules = [FirstMaxRule.Id], FirstMax = new() { Signals = watching } }.Watches(SpikeSignal.UpdateNorm)
            .ShouldBeTrue();
        new SpikeOptions { Rules = [RunningMultipleRule.Id], RunningMultiple = new() { Signals = watching } }.Watches(
            SpikeSignal.UpdateNorm).ShouldBeTrue();
        new SpikeOptions { Rules = [RunningMultipleRule.Id], RunningMultiple = new() { Signals = watching } }.Watches(SpikeSignal.BlockNorm)
            .ShouldBeFalse();
    }

    [Fact]
    public void Equal_options_are_equal_and_others_are_not()
    {
        new SpikeOptions { Rules = ["drift"] }.ShouldBe(new SpikeOptions { Rules = ["drift"] });
        new SpikeOptions { Rules = ["drift"] }.ShouldNotBe(new SpikeOptions());
        new SpikeOptions { Drift = new() { Limit = 3 } }.ShouldNotBe(new SpikeOptions());
        new SpikeOptions { FirstMax = new() { Signals = new WatchedSignals(SpikeSignal.GradientNorm, SpikeSignal.Loss) } }.ShouldBe(
            new SpikeOptions());
        new SpikeOptions { MeanSigma = new() { Signals = WatchedSignals.Loss } }.ShouldNotBe(new SpikeOptions());
    }

    [Fact]
    public void What_is_no_number_is_judged_whatever_else_is_on()
    {
        new SpikeOptions { Rules = [] }.Detection().Rules.Select(static rule => rule.Name).ShouldBe([NonFiniteRule.Id]);
        new SpikeOptions { Rules = ["drift", "mean_sigma"] }.Detection().Rules.Select(static rule => rule.Name)
            .ShouldBe([NonFiniteRule.Id, MeanSigmaRule.Id, DriftRule.Id]);
    }
}
