using ActorTrain.Models.Optimization;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Optimization;

/// <summary>Every answer of the optimizer against the same formulas in double, element by element, in both forms.</summary>
public sealed class UpdateTests : IDisposable
{
    private const int Steps = 60;
    private const double Rate = 1e-2;
    private static readonly ModelOptions Model =
        ModelOptions.FromDepth(1) with { ContextLength = 8, VocabularySize = 31, Heads = 2, KeyValueHeads = 2 };
    private static readonly FlatLayout Layout = ModelLayout.Of(Model);
    private readonly DisposeScope scope = NewDisposeScope();

    public static TheoryData<string, bool> Kinds()
    {
        var data = new TheoryData<string, bool>();
        foreach (var kind in new[] { "plain", "update clipping", "momentum reset", "spikes", "all", "tensor factors", "reset asked for" })
        {
            data.Add(kind, true);
            data.Add(kind, false);
        }

        return data;
    }

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Updates_are_those_of_the_formulas(string kind, bool fused)
    {
        var options = new OptimizerOptions
        {
            UpdateClipping = kind is "update clipping" or "all",
            Spam = new SpamOptions
            {
                ResetEvery = kind is "momentum reset" or "all" ? 25 : 0,
                ResetWarmup = 10,
                SpikeThreshold = kind is "spikes" or "all" ? 20 : 0,
            },
        };
        var factors = kind is "tensor factors" ? Layout.Entries.Select(static (_, i) => 1 - 0.05 * i).ToArray() : null;
        using var parameters = Parameters();
        using var moments = new Moments(parameters);
        var optimizer = options.Build(parameters, moments, fused);
        var reference = new Reference(parameters, options);
        for (var step = 1; step <= Steps; step++)
        {
            var gradient = Gradient(step);
            var reset = kind == "reset asked for" && step == 30;
            var before = State(parameters, moments);
            var wanted = new Update(gradient, step, Rate) { ClipFactor = 0.7, TensorFactors = factors, ResetMomentum = reset };
            var preview = optimizer.Preview(wanted);
            State(parameters, moments).ShouldBe(before, "a preview changes nothing");
            var update = optimizer.Apply(wanted);
            var expected = reference.Apply(gradient, step, 0.7, factors, reset);
            update.ShouldBe(expected, 2e-3 * expected, $"step {step}");
            preview.ShouldBe(update, $"step {step} was previewed");
        }

        Distance(parameters.Weights, reference.Weights).ShouldBeLessThan(2e-4);
        Distance(moments.First, reference.First).ShouldBeLessThan(2e-5);
        Distance(moments.Second, reference.Second).ShouldBeLessThan(2e-5);
    }

    [Fact]
    public void A_reset_comes_every_so_many_updates_and_the_rate_climbs_back_by_a_cosine()
    {
        var options = new SpamOptions { ResetEvery = 500, SpikeThreshold = 5000 };
        Enumerable.Range(1, 1600).Where(step => options.ResetsBefore(step)).ShouldBe([501, 1001, 1501]);
        Enumerable.Range(1, 500).ShouldAllBe(step => options.RateFactor(step) == 1);
        options.RateFactor(501).ShouldBe(0.01, 1e-12);
        options.RateFactor(501 + 75).ShouldBe(0.505, 1e-12);
        options.RateFactor(501 + 50).ShouldBe(1 - 0.99 * 0.75, 1e-12);
        Enumerable.Range(501 + 150, 350).ShouldAllBe(step => options.RateFactor(step) == 1);
        Enumerable.Range(1, 20).Concat(Enumerable.Range(501, 20)).ShouldAllBe(step => options.SpikeThresholdAt(step) == 0);
        Enumerable.Range(21, 480).ShouldAllBe(step => options.SpikeThresholdAt(step) == 5000);

        var off = new SpamOptions();
        off.IsOn.ShouldBeFalse();
        Enumerable.Range(1, 2000)
            .ShouldAllBe(step => !off.ResetsBefore(step) && off.RateFactor(step) == 1 && off.SpikeThresholdAt(step) == 0);
    }

    [Fact]
    public void A_spike_moves_the_weights_far_less_with_either_kind_of_clipping()
    {
        double AtSpike(OptimizerOptions options)
        {
            using var parameters = Parameters();
            using var moments = new Moments(parameters);
            var optimizer = options.Build(parameters, moments);
            for (var step = 1; step < 40; step++)
                optimizer.Apply(new Update(Gradient(step), step, Rate));
            return optimizer.Apply(new Update(Gradient(40) * 1000, 40, Rate));
        }

        var plain = AtSpike(new OptimizerOptions());
        AtSpike(new OptimizerOptions { UpdateClipping = true }).ShouldBeLessThan(plain / 3);
        AtSpike(new OptimizerOptions { Spam = new SpamOptions { SpikeThreshold = 4 } }).ShouldBeLessThan(0.75 * plain);
    }

    [Fact]
    public void Momentum_that_a_spike_left_behind_is_gone_after_a_reset()
    {
        double[] After(bool reset)
        {
            using var parameters = Parameters();
            using var moments = new Moments(parameters);
            var optimizer = new AdamW(parameters, moments, new AdamWOptions());
            for (var step = 1; step < 40; step++)
                optimizer.Apply(new Update(Gradient(step) * (step == 39 ? 1000 : 1), step, Rate));
            optimizer.Apply(new Update(Gradient(40), 40, Rate) { ResetMomentum = reset });
            return [moments.First.abs().max().item<float>(), (Gradient(40) * 0.1).abs().max().item<float>()];
        }

        var (with, without) = (After(true), After(false));
        with[0].ShouldBe(with[1], 1e-6 * with[1]);
        without[0].ShouldBeGreaterThan(100 * without[1]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_adjustment_that_changes_nothing_leaves_every_bit(bool fused)
    {
        byte[] Trained(UpdateAdjustment? adjustment)
        {
            using var replica = new Replica(Options(), fused: fused);
            for (var step = 0; step < 5; step++)
                replica.Apply(new GradientSum(Gradient(step), 0), new StepMeasure(step, 0, 3), adjustment);
            return replica.Parameters.Weights.bytes.ToArray();
        }

        var plain = Trained(null);
        Trained(UpdateAdjustment.None).ShouldBe(plain);
        Trained(new UpdateAdjustment { ClipTo = 5, TensorFactors = [.. Layout.Entries.Select(static _ => 1.0)] }).ShouldBe(plain);
        Trained(new UpdateAdjustment { RateFactor = 0.5 }).ShouldNotBe(plain);
        Trained(new UpdateAdjustment { ClipTo = 0.5 }).ShouldNotBe(plain);
    }

    [Fact]
    public void A_lower_limit_of_the_norm_scales_the_gradient_and_a_rate_factor_the_update()
    {
        double Update(double norm, UpdateAdjustment adjustment)
        {
            using var replica =
                new Replica(Options() with { Optimizer = new OptimizerOptions { AdamW = new AdamWOptions { WeightDecay = 0 } } });
            var update = replica.Apply(new GradientSum(Gradient(1), 0), new StepMeasure(0, 0, norm), adjustment);
            return adjustment.RateFactor == 1 ? replica.FirstMoment.square().sum().sqrt().item<float>() : update;
        }

        var full = Update(1, UpdateAdjustment.None);
        Update(2, new UpdateAdjustment { ClipTo = 0.5 }).ShouldBe(full / 4, 1e-4 * full);
        Update(2, new UpdateAdjustment { ClipTo = 3 }).ShouldBe(full / 2, 1e-4 * full);
        var step = Update(1, new UpdateAdjustment { RateFactor = 0.999999 });
        Update(1, new UpdateAdjustment { RateFactor = 0.25 }).ShouldBe(step / 4, 1e-3 * step);
    }

    private static ReplicaOptions Options() =>
        new() { Model = Model, Precision = Precision.Float32, Lanes = 2, Schedule = new LearningRateSchedule(Rate, 0, 10) };

    private static FlatParameters Parameters()
    {
        var parameters = new FlatParameters(Layout);
        Initialization.Initialize(parameters, Model, 1);
        return parameters;
    }

    // With gaps of zero, spikes of some elements, and rows of the embedding that no token asked for until step 40.
    private static Tensor Gradient(int step)
    {
        var all = zeros(Layout.Length);
        var generator = new Generator((ulong)step);
        foreach (var entry in Layout.Entries)
            all.narrow(0, entry.Offset, entry.Count).copy_(randn(entry.Count, generator: generator) * 0.1);
        if (step % 7 == 0)
            all.narrow(0, 1000, 300).mul_(50);
        if (step < 40)
            all.narrow(0, 0, 200).zero_();
        return all;
    }

    private static ulong State(FlatParameters parameters, Moments moments) =>
        StateHash.Of(parameters.Weights, moments.First, moments.Second);

    private static double Distance(Tensor actual, double[] expected)
    {
        var found = actual.data<float>().ToArray();
        return found.Zip(expected, static (a, e) => Math.Abs(a - e)).Max() / expected.Max(Math.Abs);
    }

    private sealed class Reference(FlatParameters parameters, OptimizerOptions options)
    {
        public double[] Weights { get; } = [.. parameters.Weights.data<float>().ToArray().Select(static w => (double)w)];

        public double[] First { get; } = new double[Layout.Length];

        public double[] Second { get; } = new double[Layout.Length];

        public double Apply(Tensor gradient, int step, double clip, double[]? factors, bool reset)
        {
            var grad = gradient.data<float>().ToArray();
            var every = options.Spam.ResetEvery;
            if (reset || (every > 0 && step is 26 or 51))
            {
                Array.Clear(First);
                Array.Clear(Second);
            }

            var since = every > 0 ? (step - 1) % every : step - 1;
            var warmup = every > 0 && step > every && since < 10 ? 1 - 0.99 * (1 + Math.Cos(Math.PI * since / 10)) / 2 : 1;
            double changed = 0;
            for (var t = 0; t < Layout.Entries.Count; t++)
            {
                var entry = Layout.Entries[t];
                var range = Enumerable.Range((int)entry.Offset, (int)entry.Count).ToArray();
                double ratios = 0;
                foreach (var i in range)
                {
                    var g = clip * (factors?[t] ?? 1) * grad[i];
                    var limit = Math.Sqrt(options.Spam.SpikeThreshold * Second[i]);
                    if (limit > 0 && since >= 20 && Math.Abs(g) > limit)
                        g = Math.Sign(g) * limit;
                    First[i] = 0.9 * First[i] + 0.1 * g;
                    Second[i] = 0.95 * Second[i] + 0.05 * g * g;
                    ratios += g * g / Math.Max(Second[i] / (1 - Math.Pow(0.95, step)), 1e-16);
                }

                var rms = Math.Sqrt(ratios / range.Length);
                var rate = Rate * warmup / (options.UpdateClipping ? Math.Max(1, rms) : 1);
                foreach (var i in range)
                {
                    var to = Weights[i] * (1 - rate * (entry.Decays ? 0.1 : 0))
                             - rate * (First[i] / (1 - Math.Pow(0.9, step))) / (Math.Sqrt(Second[i] / (1 - Math.Pow(0.95, step))) + 1e-8);
                    changed += (to - Weights[i]) * (to - Weights[i]);
                    Weights[i] = to;
                }
            }

            return Math.Sqrt(changed);
        }
    }
}
