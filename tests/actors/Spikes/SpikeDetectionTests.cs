using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Spikes;
using ActorTrain.Models.Optimization;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Spikes;

public sealed class SpikeDetectionTests
{
    private static readonly SpikeOptions Everything = new() { Rules = [.. SpikeOptions.Names] };

    public static TheoryData<string> Rules => [.. SpikeOptions.Names];

    [Theory]
    [MemberData(nameof(Rules))]
    public void No_rule_finds_anything_in_its_warm_up(string rule)
    {
        var warmup = rule switch
        {
            FirstMaxRule.Id or RunningMultipleRule.Id => 100,
            MeanSigmaRule.Id or DriftRule.Id => 64,
            RobustZRule.Id => 32,
            ZClipRule.Id => 25,
            _ => 300,
        };
        for (var seed = 0; seed < 20; seed++)
            Judged(With(rule), Sequences.Finite(seed, warmup)).ShouldAllBe(static judgement => judgement.Finding == null);
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void What_a_rule_remembers_has_a_bound(string rule)
    {
        var judged = Judged(With(rule), Sequences.Wild(11, 3000)).ToList();
        var longest = judged.Max(judgement => judgement.IfApplied.Rules[rule].Length);
        longest.ShouldBeLessThanOrEqualTo(2 * 128);
        judged[^1].IfApplied.Rules[rule].Length.ShouldBe(judged[1500].IfApplied.Rules[rule].Length);
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void What_is_no_number_is_never_remembered(string rule)
    {
        var known = Judged(With(rule), Sequences.Finite(3, 200)).Last().IfApplied;
        foreach (var (loss, norm) in ((double, double)[])[(double.NaN, double.NaN), (double.PositiveInfinity, double.PositiveInfinity),
            (double.NaN, double.NegativeInfinity)])
        {
            var judgement = With(rule).Judge(
                new StepSignals { Step = 200, Loss = loss, GradientNorm = norm, TensorNorms = [norm, norm, norm, norm, norm] }, known);
            foreach (var memory in (SpikeMemory[])[judgement.IfApplied, judgement.IfVetoed])
            {
                memory.Rules[rule].ShouldAllBe(static value => double.IsFinite(value));
                if (rule != MomentumResetRule.Id)
                    memory.Rules[rule].ShouldBe(known.Rules[rule]);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_run_that_is_restored_from_its_course_at_any_step_is_judged_alike_to_the_last_bit(int seed)
    {
        var random = new Random(seed);
        var memory = SpikeMemory.Empty;
        var restored = SpikeMemory.Empty;
        var found = 0;
        foreach (var signals in Sequences.Wild(seed, 600))
        {
            if (random.Next(5) == 0)
                restored = OverridesCodec.Read("here", OverridesCodec.Write(new RunOverrides { Spikes = restored })).Spikes;
            Bits(restored).ShouldBe(Bits(memory));

            // Another detection each time: it keeps nothing to itself.
            var (judgement, same) = (Everything.Detection().Judge(signals, memory), Everything.Detection().Judge(signals, restored));
            same.ShouldBe(judgement);
            found += judgement.Finding is null ? 0 : 1;
            (memory, restored) = (After(judgement), After(same));
        }

        found.ShouldBeGreaterThan(10);
    }

    [Fact]
    public void The_sharpest_finding_counts_and_of_equal_ones_the_first()
    {
        var detection = new SpikeDetection([new Saying("a", SpikeAnswer.Clip), new Saying("b", SpikeAnswer.Veto),
            new Saying("c", SpikeAnswer.Veto), new Saying("d", null)]);
        detection.Judge(Sequences.Of(1, 1), SpikeMemory.Empty).Finding.ShouldNotBeNull().Rule.ShouldBe("b");
    }

    [Fact]
    public void What_rules_want_done_to_an_update_is_joined()
    {
        var detection = new SpikeDetection(
        [
            new Saying("a", null, new UpdateAdjustment { ClipTo = 2, RateFactor = 0.5 }), new Saying("b", null),
            new Saying("c", null, new UpdateAdjustment { ClipTo = 1, RateFactor = 0.5, TensorFactors = [1, 0.5] }),
            new Saying("d", null, new UpdateAdjustment { ResetMomentum = true, TensorFactors = [0.25, 1] }),
        ]);
        detection.Judge(Sequences.Of(1, 1), SpikeMemory.Empty).Adjustment
            .ShouldBe(new UpdateAdjustment { ClipTo = 1, RateFactor = 0.25, ResetMomentum = true, TensorFactors = [0.25, 0.5] });
    }

    [Fact]
    public void When_the_next_batches_show_it_too_the_weights_are_blamed()
    {
        var detection = new SpikeDetection([new NonFiniteRule()], persistence: 2);
        var memory = SpikeMemory.Empty;
        for (var i = 0; i < 2; i++)
        {
            var veto = detection.Judge(Sequences.Of(40, double.NaN), memory);
            veto.Finding.ShouldNotBeNull().Answer.ShouldBe(SpikeAnswer.Veto);
            memory = veto.IfVetoed;
        }

        var finding = detection.Judge(Sequences.Of(40, double.NaN), memory).Finding.ShouldNotBeNull();
        (finding.Answer, finding.Onset, finding.Rule).ShouldBe((SpikeAnswer.RollBack, 39, NonFiniteRule.Id));
        finding.Evidence.ShouldName("the loss of step 40 is NaN", "2 batches", "the weights are bad");

        // A sound step in between clears the weights.
        memory = detection.Judge(Sequences.Of(40, 1), memory).IfApplied;
        detection.Judge(Sequences.Of(41, double.NaN), memory).Finding.ShouldNotBeNull().Answer.ShouldBe(SpikeAnswer.Veto);
    }

    [Fact]
    public void The_default_rules_tell_a_poisoned_batch_a_lasting_spike_and_a_climb()
    {
        var random = new Random(5);
        var memory = SpikeMemory.Empty;
        var detection = new SpikeOptions().Detection();
        for (long step = 0; step < 300; step++)
        {
            var judgement = detection.Judge(Sequences.Of(step, 2 + Math.Exp(-step / 60.0) + (0.03 * Sequences.Normal(random)),
                Math.Exp(0.2 * Sequences.Normal(random))), memory);
            judgement.Finding.ShouldBeNull();
            memory = judgement.IfApplied;
        }

        detection.Judge(Sequences.Of(300, 3.5), memory).Finding.ShouldNotBeNull().Answer.ShouldBe(SpikeAnswer.Veto);
        detection.Judge(Sequences.Of(300, 2.6, 6), memory).Finding.ShouldNotBeNull().Answer.ShouldBe(SpikeAnswer.Veto);
        Finding? finding = null;
        for (long step = 300; finding is null; step++)
        {
            step.ShouldBeLessThan(360);
            var judgement =
                detection.Judge(Sequences.Of(step, (2 * Math.Exp(0.005 * (step - 300))) + (0.03 * Sequences.Normal(random))), memory);
            (finding, memory) = (judgement.Finding, judgement.IfApplied);
        }

        (finding.Rule, finding.Answer).ShouldBe((DriftRule.Id, SpikeAnswer.RollBack));
        finding.Onset.ShouldBeInRange(280, 325);
    }

    private static SpikeDetection With(string rule) =>
        new([.. (new SpikeOptions { Rules = [rule] }).Detection().Rules.Where(made => made.Name == rule)]);

    private static IEnumerable<Judgement> Judged(SpikeDetection detection, IEnumerable<StepSignals> run)
    {
        var memory = SpikeMemory.Empty;
        foreach (var signals in run)
        {
            var judgement = detection.Judge(signals, memory);
            memory = After(judgement);
            yield return judgement;
        }
    }

    private static SpikeMemory After(Judgement judgement) =>
        judgement.Finding is { Answer: SpikeAnswer.Veto } ? judgement.IfVetoed : judgement.IfApplied;

    private static string Bits(SpikeMemory memory) =>
        string.Join(' ', memory.Rules.Select(
            static rule => $"{rule.Key} {string.Join(',', rule.Value.Select(static value => BitConverter.DoubleToInt64Bits(value)))}"));

    private sealed class Saying(string name, SpikeAnswer? answer, UpdateAdjustment? wants = null) : SpikeRule
    {
        public override string Name => name;

        public override Opinion Judge(StepSignals signals, ImmutableArray<double> memory) =>
            new(answer is { } asked ? new Finding(name, "loss", 1, 1, signals.Step, asked, "so it says") : null, memory,
                memory)
            { Wants = wants ?? UpdateAdjustment.None };
    }
}
