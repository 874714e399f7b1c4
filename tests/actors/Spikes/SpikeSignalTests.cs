using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Spikes;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Actors.Tests.Spikes;

/// <summary>What rules may look at, and that each finds what is out of place in what it looks at, and nothing else.</summary>
public sealed class SpikeSignalTests
{
    private const int Before = 80, OfEveryRun = 6;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 10)];

    [Fact]
    public void Of_lanes_and_blocks_the_largest_counts_and_findings_say_which_it_is()
    {
        var step = Smooth(7) with { LaneLosses = [1, 4, 2, 4], BlockNorms = [0.5, 0.25, 3], EmbeddingNorm = 8, UpdateNorm = 0.5 };
        step = step with { Rollouts = Rolled(0.75, 10), Policy = new PolicyFigures(1, 0, 0.5, 0, 1) };
        SpikeSignal.All.Select(signal => signal.Of(step)).ShouldBe([step.Loss, step.GradientNorm, 4, 8, 3, 0.5, 0.75, 10, 0.5]);
        SpikeSignal.All.Select(signal => signal.In(step)).ShouldBe(
        [
            "loss of step 7", "gradient norm of step 7", "largest lane loss of step 7 (lane 1)", "embedding gradient norm of step 7",
                "largest block gradient norm of step 7 (block 2)",
            "update norm of step 7", "KL divergence of the rollouts of step 7", "mean length of the rollouts of step 7",
                "KL from the policy that sampled of step 7",
        ]);
    }

    [Fact]
    public void What_was_not_measured_or_is_no_number_in_part_is_no_number()
    {
        var bare = Sequences.Of(3, 2, 1);
        SpikeSignal.All.Select(signal => signal.Of(bare)).ShouldBe([2, 1, .. Enumerable.Repeat(double.NaN, SpikeSignal.All.Count - 2)]);
        SpikeSignal.LaneLoss.Of(bare with { LaneLosses = [1, double.NaN, 5] }).ShouldBe(double.NaN);
        SpikeSignal.BlockNorm.Of(bare with { BlockNorms = [double.PositiveInfinity, 1] }).ShouldBe(double.PositiveInfinity);
    }

    [Fact]
    public void Signals_are_watched_in_one_order_and_read_as_they_are_written()
    {
        foreach (var watched in Subsets())
        {
            WatchedSignals.Read(watched.ToString()).ShouldBe(watched);
            WatchedSignals.Read(string.Join(" ,", watched.ToString().Split(", ").Reverse())).ShouldBe(watched);
        }

        Subsets().Select(static watched => watched.ToString()).ShouldBeUnique();
        foreach (var wrong in (string[])["", " ", "loss,", "loss, loss", "Loss", "loss gradient_norm", "norm"])
            WatchedSignals.Read(wrong).ShouldBeNull(wrong);
        Should.Throw<ArgumentException>(static () => new WatchedSignals());
    }

    // By Python 3:
    //   from math import sin, cos; from statistics import mean, stdev
    //   lane = [max(2 + sin(1.7*s + 0.9*l)/10 for l in range(4)) for s in range(80)]
    //   embedding = [0.5 + 0.1*cos(2.3*s) for s in range(80)]
    //   block = [max(1 + 0.3*b + 0.2*sin(0.7*s + b) for b in range(3)) for s in range(80)]
    //   update = [0.02 + 0.003*sin(1.1*s) for s in range(80)]
    //   for v in (lane, embedding, block, update): print(mean(v) + 6*stdev(v), 10*max(v), 2*mean(v))
    [Theory]
    [InlineData("lane_loss", 2.289474724502413, 20.999998449014292, 4.145685686908662)]
    [InlineData("embedding_norm", 0.9309632463303463, 6.0, 1.0020652294811143)]
    [InlineData("block_norm", 2.4478584084429276, 17.981456818158094, 3.196124725074682)]
    [InlineData("update_norm", 0.032806038310871324, 0.229997355803218, 0.03999871089615702)]
    public void Limits_are_those_of_another_implementation(string word, double meanSigma, double firstMax, double runningMultiple)
    {
        var signal = SignalOf(word);
        foreach (var (rule, limit) in Rules(new WatchedSignals(signal)).Zip([meanSigma, firstMax, runningMultiple]))
        {
            var memory = After(rule, Enumerable.Range(0, Before).Select(static step => Smooth(step)));
            rule.Judge(Smooth(Before), memory).Finding.ShouldBeNull();
            var finding = rule.Judge(Raised(Smooth(Before), signal, 30), memory).Finding.ShouldNotBeNull();
            finding.Limit.ShouldBe(limit, 1e-12 * limit);
            (finding.Signal, finding.Value).ShouldBe((signal.Name, 30));
            finding.Evidence.ShouldStartWith($"the {signal.In(Raised(Smooth(Before), signal, 30))} is 30");
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void What_is_out_of_place_in_one_signal_alone_is_found_by_who_looks_at_it_and_by_nobody_else(int seed)
    {
        var random = new Random(seed);
        var run = Enumerable.Range(0, Before).Select(step => Noisy(step, random)).ToList();
        var bad = SpikeSignal.All.ToDictionary(static signal => signal, signal => Raised(Noisy(Before, random), signal, 1000));
        foreach (var watched in Subsets())
        {
            var words = watched.ToString().Split(", ");
            foreach (var rule in Rules(watched))
            {
                var memory = After(rule, run);
                foreach (var (signal, step) in bad)
                {
                    var found = rule.Judge(step, memory).Finding?.Signal;
                    found.ShouldBe(words.Contains(signal.Word) ? signal.Name : null, $"{rule.Name} of {watched}");
                }
            }
        }
    }

    [Theory]
    [InlineData("lane_loss")]
    [InlineData("embedding_norm")]
    [InlineData("block_norm")]
    [InlineData("update_norm")]
    public void A_rule_rests_and_forgets_nothing_where_what_it_looks_at_was_not_measured(string word)
    {
        foreach (var rule in Rules(new WatchedSignals(SpikeSignal.Loss, SignalOf(word))))
        {
            var memory = After(rule, Enumerable.Range(0, Before).Select(static step => Smooth(step)));
            var opinion = rule.Judge(Sequences.Of(Before, 1000, 1000), memory);
            opinion.Finding.ShouldBeNull();
            opinion.IfApplied.ShouldBe(memory);
            opinion.IfVetoed.ShouldBe(memory);
        }
    }

    // A checkpoint from before there was a choice is resumed from.
    [Fact]
    public void By_default_rules_remember_what_they_always_did()
    {
        (double, double)[] run = [(3, 10), (5, 30), (4, 20)];
        ImmutableArray<double> Known(SpikeRule rule) =>
            After(rule, run.Select(static (step, i) => Smooth(i) with { Loss = step.Item1, GradientNorm = step.Item2 }));
        Known(new MeanSigmaRule(new())).ShouldBe([3, 5, 4, 10, 30, 20]);
        Known(new MeanSigmaRule(new() { Window = 2, Warmup = 2 })).ShouldBe([5, 4, 30, 20]);
        Known(new RobustZRule(new())).ShouldBe([3, 5, 4, 10, 30, 20]);
        Known(new FirstMaxRule(new())).ShouldBe([3, 5, 30]);
        Known(new RunningMultipleRule(new())).ShouldBe([0, 0, 3, 5, 4]);
        Known(new RunningMultipleRule(new() { Window = 2 })).ShouldBe([0, 0, 5, 4]);
    }

    [Fact]
    public void What_was_remembered_of_other_signals_breaks_nothing()
    {
        foreach (var (watched, i) in Subsets().Select(static (watched, i) => (watched, i)))
        {
            foreach (var rule in Rules(watched))
            {
                for (var length = 0; length < 400; length += 1 + i % 3)
                {
                    var memory =
                        After(rule, Enumerable.Range(0, 200).Select(static step => Smooth(step)), [.. Enumerable.Repeat(1.0, length)]);
                    memory.Length.ShouldBeLessThanOrEqualTo(watched.Count * 130);
                    memory.ShouldAllBe(static number => double.IsFinite(number));
                }
            }
        }
    }

    [Fact]
    public void Steps_that_differ_in_anything_are_not_equal()
    {
        var step = Noisy(4, new Random(1)) with { TensorNorms = [1, 2], NonFinite = 1, Tokens = 9 };
        StepSignals Copy() => step with { LaneLosses = [.. step.LaneLosses], TensorNorms = [1, 2], BlockNorms = [.. step.BlockNorms] };
        Copy().ShouldBe(step);
        Copy().GetHashCode().ShouldBe(step.GetHashCode());
        (step with { Loss = double.NaN }).ShouldBe(Copy() with { Loss = double.NaN });
        StepSignals[] others =
        [
            Copy() with { Step = 5 }, Copy() with { Loss = 0 }, Copy() with { GradientNorm = 0 }, Copy() with { LaneLosses = [1] },
                Copy() with { TensorNorms = [2, 1] },
            Copy() with { EmbeddingNorm = null }, Copy() with { EmbeddingNorm = 0 }, Copy() with { BlockNorms = [] },
                Copy() with { UpdateNorm = 0 }, Copy() with { NonFinite = 0 }, Copy() with { Tokens = 0 },
            Copy() with { Rollouts = null }, Copy() with { Policy = null },
        ];
        others.ShouldAllBe(other => !other.Equals(step));
    }

    private static SpikeSignal SignalOf(string word) => SpikeSignal.All.Single(signal => signal.Word == word);

    // All of those that every run has, and all others.
    private static IEnumerable<WatchedSignals> Subsets() =>
        Enumerable.Range(1, (1 << OfEveryRun) - 1)
            .Select(static bits => new WatchedSignals(SpikeSignal.All.Take(OfEveryRun).Where((_, i) => (bits >> i & 1) == 1)))
            .Append(new WatchedSignals(SpikeSignal.All.Skip(OfEveryRun)));

    private static SpikeRule[] Rules(WatchedSignals watched) =>
    [
        new MeanSigmaRule(new() { Signals = watched }), new FirstMaxRule(new() { Samples = Before, Signals = watched }),
        new RunningMultipleRule(new() { Window = Before, Patience = 0, Signals = watched }),
    ];

    private static StepSignals Smooth(int step) => new()
    {
        Step = step,
        Loss = 2,
        GradientNorm = 3,
        LaneLosses = [.. Enumerable.Range(0, 4).Select(lane => 2 + (Math.Sin((1.7 * step) + (0.9 * lane)) / 10))],
        EmbeddingNorm = 0.5 + (0.1 * Math.Cos(2.3 * step)),
        UpdateNorm = 0.02 + (0.003 * Math.Sin(1.1 * step)),
        BlockNorms = [.. Enumerable.Range(0, 3).Select(block => 1 + (0.3 * block) + (0.2 * Math.Sin((0.7 * step) + block)))],
        Rollouts = Rolled(1 + (0.1 * Math.Sin(1.3 * step)), 12 + (step % 5)),
        Policy = new PolicyFigures(1, 0, 0.01 + (0.001 * Math.Sin(0.9 * step)), 0, 0.2),
    };

    private static RolloutSummary Rolled(double divergence, long length) => new(1, length, 0, 1, [1], divergence, 1, 1, 1);

    private static StepSignals Noisy(int step, Random random)
    {
        double Near(double value) => value * (1 + (0.05 * (random.NextDouble() - 0.5)));
        return new StepSignals
        {
            Step = step,
            Loss = Near(2),
            GradientNorm = Near(3),
            LaneLosses = [Near(2), Near(2), Near(2), Near(2)],
            EmbeddingNorm = Near(0.1),
            UpdateNorm = Near(0.02),
            BlockNorms = [Near(2), Near(1), Near(0.5)],
            Rollouts = Rolled(Near(1), random.Next(10, 13)),
            Policy = new PolicyFigures(1, 0, Near(0.01), 0, 0.2),
        };
    }

    // One lane, or one block, is enough.
    private static StepSignals Raised(StepSignals step, SpikeSignal signal, double value) => signal.Word switch
    {
        "loss" => step with { Loss = value },
        "gradient_norm" => step with { GradientNorm = value },
        "lane_loss" => step with { LaneLosses = [.. step.LaneLosses.Select((loss, lane) => lane == 2 ? value : loss)] },
        "embedding_norm" => step with { EmbeddingNorm = value },
        "update_norm" => step with { UpdateNorm = value },
        "divergence" => step with { Rollouts = step.Rollouts! with { Divergence = value } },
        "length" => step with { Rollouts = step.Rollouts! with { Tokens = (long)value } },
        "policy_kl" => step with { Policy = step.Policy!.Value with { ApproximateKl = value } },
        _ => step with { BlockNorms = [.. step.BlockNorms.Select((norm, block) => block == 1 ? value : norm)] },
    };

    private static ImmutableArray<double> After(SpikeRule rule, IEnumerable<StepSignals> run, ImmutableArray<double>? memory = null) =>
        run.Aggregate(memory ?? [], (known, step) => rule.Judge(step, known).IfApplied);
}
