using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Spikes;

namespace ActorTrain.Actors.Tests.Spikes;

/// <summary>Each rule against another implementation of its source, which keeps whole histories in mutable lists, over random runs in which
/// what is vetoed is skipped.</summary>
public sealed class SpikeRuleReferenceTests
{
    private const int Steps = 900;

    public static TheoryData<int> Seeds => [1, 2, 3, 4, 5, 6];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Mean_sigma_is_the_mean_and_six_standard_deviations_of_what_was_applied(int seed)
    {
        List<double> losses = [], norms = [];
        var found = Follow(new MeanSigmaRule(new()), Sequences.Wild(seed, Steps), signals =>
        {
            if (!double.IsFinite(signals.Loss) || !double.IsFinite(signals.GradientNorm))
                return null;
            var limits = (Loss: Limit(losses), Norm: Limit(norms));
            double? limit = signals.Loss > limits.Loss ? limits.Loss : signals.GradientNorm > limits.Norm ? limits.Norm : null;
            if (limit is null)
            {
                losses.Add(signals.Loss);
                norms.Add(signals.GradientNorm);
            }

            return limit;
        });
        found.ShouldBeGreaterThan(5);

        static double Limit(List<double> history)
        {
            var window = history.TakeLast(128).ToList();
            var mean = window.Count == 0 ? 0 : window.Average();
            return window.Count < 64 ? double.MaxValue
                : mean + (6 * Math.Sqrt(window.Sum(value => Math.Pow(value - mean, 2)) / (window.Count - 1)));
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Whatever_it_looks_at_mean_sigma_keeps_a_window_of_each_and_the_first_that_is_out_counts(int seed)
    {
        (SpikeSignal Signal, Func<StepSignals, double> Read)[] all =
        [
            (SpikeSignal.Loss, static step => step.Loss), (SpikeSignal.GradientNorm, static step => step.GradientNorm),
                (SpikeSignal.LaneLoss, static step => Largest(step.LaneLosses)),
            (SpikeSignal.EmbeddingNorm, static step => step.EmbeddingNorm!.Value),
                (SpikeSignal.BlockNorm, static step => Largest(step.BlockNorms)),
        ];
        for (var bits = 1; bits < 32; bits++)
        {
            var chosen = all.Where((_, i) => (bits & (1 << i)) != 0).ToList();
            var histories = chosen.ConvertAll(static _ => new List<double>());
            var found = Follow(new MeanSigmaRule(new()
            {
                Sigma = 4,
                Signals = new WatchedSignals(chosen.Select(static one => one.Signal))
            }), Sequences.Wild(seed, Steps), step =>
            {
                var values = chosen.ConvertAll(one => one.Read(step));
                if (values.Exists(static value => !double.IsFinite(value)))
                    return null;
                for (var i = 0; i < values.Count; i++)
                {
                    var window = histories[i].TakeLast(128).ToList();
                    var mean = window.Count == 0 ? 0 : window.Average();
                    var limit = mean + (4 * Math.Sqrt(window.Sum(value => Math.Pow(value - mean, 2)) / (window.Count - 1)));
                    if (window.Count >= 64 && values[i] > limit)
                        return limit;
                }

                for (var i = 0; i < values.Count; i++)
                    histories[i].Add(values[i]);
                return null;
            });
            found.ShouldBeGreaterThan(5);
        }

        static double Largest(IReadOnlyList<double> values)
        {
            var largest = values[0];
            foreach (var value in values)
                largest = double.IsNaN(value) || value > largest ? value : largest;
            return largest;
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Robust_z_looks_at_medians_and_scaled_median_distances_or_floors(int seed)
    {
        List<double> losses = [], norms = [];
        var found = Follow(new RobustZRule(new() { Window = 65, Warmup = 32, NormMultiple = 4 }), Sequences.Wild(seed, Steps), signals =>
        {
            if (!double.IsFinite(signals.Loss) || !double.IsFinite(signals.GradientNorm))
                return null;
            double? limit = null;
            if (losses.Count >= 32)
            {
                var isOut = signals.GradientNorm > Limit(norms, 6, 0.2);
                var most = Limit(losses, isOut ? 2 : 6, 0.1);
                var norm = 4 * Median([.. norms.TakeLast(65)]);
                limit = signals.Loss > most ? most : signals.GradientNorm > norm ? norm : null;
            }

            if (limit is null)
            {
                losses.Add(signals.Loss);
                norms.Add(signals.GradientNorm);
            }

            return limit;
        });
        found.ShouldBeGreaterThan(5);

        static double Limit(List<double> history, double z, double floor)
        {
            var window = history.TakeLast(65).ToList();
            var median = Median(window);
            return median + (z * Math.Max(1.4826 * Median([.. window.Select(value => Math.Abs(value - median))]), floor * median));
        }

        static double Median(List<double> values)
        {
            // The number that has as many below it as above: the mean of the two in the middle where there are two.
            var below = values.Order().Take((values.Count + 1) / 2).Last();
            var above = values.OrderDescending().Take((values.Count + 1) / 2).Last();
            return (below + above) / 2;
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void First_max_is_a_multiple_of_the_largest_of_the_first_hundred(int seed)
    {
        List<StepSignals> first = [];
        var found = Follow(new FirstMaxRule(new() { Factor = 0.5 }), Sequences.Wild(seed, Steps), signals =>
        {
            if (!double.IsFinite(signals.Loss) || !double.IsFinite(signals.GradientNorm))
                return null;
            if (first.Count < 100)
            {
                first.Add(signals);
                return null;
            }

            var limits =
                (Loss: 0.5 * first.Max(static earlier => earlier.Loss), Norm: 0.5 * first.Max(static earlier => earlier.GradientNorm));
            return signals.Loss >= limits.Loss ? limits.Loss : signals.GradientNorm >= limits.Norm ? limits.Norm : null;
        });
        found.ShouldBeGreaterThan(5);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Running_multiple_counts_losses_of_twice_the_mean_in_a_row(int seed)
    {
        List<double> history = [];
        List<long> row = [];
        Follow(new RunningMultipleRule(new()), Sequences.Wild(seed, Steps), signals =>
        {
            if (!double.IsFinite(signals.Loss))
                return null;
            double? limit = history.Count < 100 ? null : 2 * history.TakeLast(100).Average();
            if (limit is not null && signals.Loss >= limit)
                row.Add(signals.Step);
            else
                row.Clear();
            history.Add(signals.Loss);
            return row.Count > 4 ? limit : null;
        }, finding =>
        {
            finding.Answer.ShouldBe(SpikeAnswer.RollBack);
            finding.Onset.ShouldBe(row[0]);
        });
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Zclip_clips_to_its_running_mean_and_is_fed_what_is_left(int seed)
    {
        List<double> warm = [];
        var (mean, variance) = (double.NaN, double.NaN);
        var found = Follow(new ZClipRule(new()), Sequences.Wild(seed, Steps), signals =>
        {
            var norm = signals.GradientNorm;
            if (!double.IsFinite(norm))
                return null;
            if (warm.Count < 25)
            {
                warm.Add(norm);
                mean = warm.Average();
                variance = warm.Average(value => Math.Pow(value - mean, 2));
                return null;
            }

            var z = (norm - mean) / (Math.Sqrt(variance) + 1e-6);
            double? limit = z > 2.5 ? mean + (2.5 * 2.5 * Math.Sqrt(variance) / z) : null;
            mean = (0.97 * mean) + (0.03 * (limit ?? norm));
            variance = (0.97 * variance) + (0.03 * Math.Pow((limit ?? norm) - mean, 2));
            return limit;
        });
        found.ShouldBeGreaterThan(5);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Drift_is_the_sum_of_what_the_log_loss_has_above_its_level(int seed)
    {
        List<double> logs = [];
        double level = 0, variance = 0, sum = 0;
        long onset = 0;
        Follow(new DriftRule(new() { Limit = 8 }), Sequences.Wild(seed, Steps), signals =>
        {
            if (!double.IsFinite(signals.Loss))
                return null;
            var x = Math.Log(signals.Loss);
            if (logs.Count == 0)
                level = x;
            if (logs.Count > 0)
            {
                var warm = logs.Count >= 64;
                var half = Math.Pow(x - logs[^1], 2) / 2;
                if (warm)
                    half = Math.Min(half, 9 * Math.Max(variance, 0.005 * 0.005));
                var sigma = Math.Max(0.005, Math.Sqrt(warm ? variance : variance + ((half - variance) / logs.Count)));
                if (sum == 0)
                    onset = signals.Step;
                sum = warm ? Math.Max(0, sum + Math.Max(-2, Math.Min(2, (x - level) / sigma)) - 0.5) : 0;
                if (sum <= 4)
                    level += (warm ? Math.Min(x - level, 2 * sigma) : x - level) / Math.Min(logs.Count, 32);
                variance += (half - variance) / Math.Min(logs.Count, 64);
            }

            logs.Add(x);
            if (sum <= 8)
                return null;
            var limit = Math.Exp(level);
            (level, sum) = (x, 0);
            return limit;
        }, finding => finding.Onset.ShouldBe(onset));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Adagc_clips_each_tensor_to_its_own_running_norm(int seed)
    {
        var rule = new AdaGcRule(new());
        var memory = ImmutableArray<double>.Empty;
        var running = Enumerable.Repeat(double.MaxValue, 5).ToArray();
        var seen = 0;
        var clipped = 0;
        foreach (var signals in Sequences.Wild(seed, Steps))
        {
            var opinion = rule.Judge(signals, memory);
            opinion.Finding.ShouldBeNull();
            memory = opinion.IfApplied;
            if (!double.IsFinite(signals.GradientNorm))
            {
                opinion.Wants.TensorFactors.ShouldBeNull();
                continue;
            }

            var factors = signals.TensorNorms.Select((norm, i) => seen < 100 ? Math.Min(1, 1 / signals.GradientNorm)
                : Math.Min(1, 1.05 * running[i] / norm)).ToList();
            if (seen++ < 100)
            {
                (opinion.Wants.ClipTo ?? double.MaxValue).ShouldBe(signals.GradientNorm > 1 ? 1 : double.MaxValue);
                running = [.. running.Select((norm, i) => Math.Min(norm, factors[i] * signals.TensorNorms[i]))];
                continue;
            }

            running = [.. running.Select((norm, i) => (0.98 * norm) + (0.02 * factors[i] * signals.TensorNorms[i]))];
            var wanted = opinion.Wants.TensorFactors ?? [1, 1, 1, 1, 1];
            for (var i = 0; i < factors.Count; i++)
                wanted[i].ShouldBe(factors[i], 1e-12);
            clipped += factors.Count(static factor => factor < 1);
        }

        clipped.ShouldBeGreaterThan(100);
    }

    // Judges a run step by step; `expected` gives the limit that a step breaks, or null. Returns how often one was broken.
    private static int Follow(SpikeRule rule, IReadOnlyList<StepSignals> run, Func<StepSignals, double?> expected,
        Action<Finding>? also = null)
    {
        var memory = ImmutableArray<double>.Empty;
        var found = 0;
        foreach (var signals in run)
        {
            var opinion = rule.Judge(signals, memory);
            var limit = expected(signals);
            (opinion.Finding is not null).ShouldBe(limit is not null, $"step {signals.Step}");
            if (opinion.Finding is { } finding)
            {
                finding.Limit.ShouldBe(limit!.Value, 1e-9 * limit.Value);
                finding.Rule.ShouldBe(rule.Name);
                finding.Evidence.ShouldContain($"step {signals.Step}");
                also?.Invoke(finding);
                found++;
            }

            memory = opinion.Finding is { Answer: SpikeAnswer.Veto } ? opinion.IfVetoed : opinion.IfApplied;
        }

        return found;
    }
}
