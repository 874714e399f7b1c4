using System.Globalization;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Spikes;
using ActorTrain.Models;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Bench.Spikes;

/// <summary>Scores every rule, and sets of them, on the labelled traces; chooses a set on the tuning traces and reports its results on the
/// held-out ones.</summary>
internal static class SpikeBench
{
    /// <summary>Relative to the root of the repository.</summary>
    public const string TracesFolder = "ops/bench/Spikes/traces";

    private static readonly SpikeOptions Defaults = new();

    // Of equally good sets the first is chosen, so smaller ones come first.
    private static readonly string[][] Sets =
    [
        [FirstMaxRule.Id],
        [MeanSigmaRule.Id],
        [RobustZRule.Id],
        [DriftRule.Id],
        [FirstMaxRule.Id, RunningMultipleRule.Id],
        [FirstMaxRule.Id, DriftRule.Id],
        [MeanSigmaRule.Id, RunningMultipleRule.Id],
        [MeanSigmaRule.Id, DriftRule.Id],
        [RobustZRule.Id, RunningMultipleRule.Id],
        [RobustZRule.Id, DriftRule.Id],
        [FirstMaxRule.Id, MeanSigmaRule.Id, RobustZRule.Id, DriftRule.Id],
    ];

    public static void Run(Figures figures)
    {
        var runs = Directory.Exists(TracesFolder) ? SpikeTraces.ReadAll(TracesFolder) : [];
        if (runs.Count == 0)
            throw new UserErrorException(
                $"{TracesFolder} holds no traces; run from the root of the repository, or record them by 'dotnet run --project ops/bench "
                + $"-c Release -- spike-traces'.");
        SpikeTraces[] tuning = [.. runs.Where(static run => run.Set == "tuning")];
        SpikeTraces[] heldOut = [.. runs.Where(static run => run.Set == "held-out")];
        Console.WriteLine($"spikes: {tuning.Length} runs to tune on, {heldOut.Length} held out");

        Console.WriteLine("\nsets of rules on the tuning traces, each with non_finite");
        Head();
        var scored = Sets.Select(set => (Set: set, Score: SpikeScore.Of((Defaults with { Rules = [.. set] }).Detection(), tuning)))
            .ToList();
        foreach (var (set, score) in scored)
            Row(string.Join(" + ", set), score);
        var chosen = scored.MinBy(static entry => (1 - entry.Score.Recall + entry.Score.False.Count, entry.Score.MedianDelay)).Set;
        Console.WriteLine(
            $"chosen: {string.Join(" + ", chosen)}"
            + (chosen.SequenceEqual(SpikeOptions.DefaultRules) ? ", which is the default" : "; THE DEFAULT IS ANOTHER"));

        Console.WriteLine("\nrules on the held-out traces");
        Head();
        var scores = new List<(string Name,
            SpikeScore Score)> { (NonFiniteRule.Id, SpikeScore.Of(new SpikeDetection([new NonFiniteRule()]), heldOut)) };
        foreach (var rule in SpikeOptions.Names.Where(static name => name is not (AdaGcRule.Id or MomentumResetRule.Id)))
            scores.Add((rule, SpikeScore.Of(Alone(rule), heldOut)));
        scores.Add(("default", SpikeScore.Of(Defaults.Detection(), heldOut)));
        foreach (var (name, score) in scores)
        {
            Row(name, score);
            Add(figures, name, score);
        }

        Causes(scores);
        Wrong("default, tuning", SpikeScore.Of(Defaults.Detection(), tuning));
        Wrong("default, held out", scores[^1].Score);
        figures.Add("spikes.default.sharp_delay_longest", scores[^1].Score.LongestDelay(CauseKind.Sharp));
        figures.Add("spikes.default.drift_delay_longest", scores[^1].Score.LongestDelay(CauseKind.Slow));
        Kept(figures, heldOut);
        Plateau(figures);
    }

    private static SpikeDetection Alone(string rule) =>
        new([.. (Defaults with { Rules = [rule] }).Detection().Rules.Where(made => made.Name == rule)]);

    private static void Head() =>
        Console.WriteLine($"{"",-48} precision  recall  median delay  longest sharp, slow  false alarms  steps lost by one");

    private static void Row(string name, SpikeScore score) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{name,-48} {score.Precision,9:F3} {score.Recall,7:F3} {score.MedianDelay,13:F1} {score.LongestDelay(CauseKind.Sharp),14:F0}, "
            + $"{score.LongestDelay(CauseKind.Slow),4:F0} {score.False.Count,13} {score.Cost,18:F0}"));

    private static void Add(Figures figures, string name, SpikeScore score)
    {
        figures.Add($"spikes.{name}.precision", score.Precision);
        figures.Add($"spikes.{name}.recall", score.Recall);
        figures.Add($"spikes.{name}.delay_steps", score.MedianDelay);
        figures.Add($"spikes.{name}.false_alarms_per_1000_steps", 1000.0 * score.False.Count / score.SoundSteps);
        figures.Add($"spikes.{name}.false_alarm_cost_steps", score.Cost);
    }

    // Per cause, how many were found in time and the longest delay; for harmless ones, the number of alarms.
    private static void Causes(IReadOnlyList<(string Name, SpikeScore Score)> scores)
    {
        Console.WriteLine("\nby cause, held out: found in time of all (longest delay)");
        Console.WriteLine($"{"",-20}" + string.Concat(scores.Select(static entry => $"{entry.Name,18}")));
        foreach (var cause in Disturbance.All)
        {
            var cells = scores.Select(entry => cause.Kind == CauseKind.Harmless
                ? $"{entry.Score.False.Count(alarm => alarm.Trace.Cause == cause.Cause)} false"
                : Cell([.. entry.Score.Outcomes.Where(outcome => outcome.Trace.Cause == cause.Cause)]));
            Console.WriteLine($"{cause.Cause,-20}" + string.Concat(cells.Select(static cell => $"{cell,18}")));
        }

        Console.WriteLine($"{"undisturbed",-20}" + string.Concat(
            scores.Select(static entry => $"{entry.Score.False.Count(static alarm => alarm.Trace.Kind == CauseKind.Clean),12} false")));
    }

    private static string Cell(IReadOnlyList<SpikeOutcome> outcomes)
    {
        var inTime = outcomes.Where(static outcome => outcome.InTime).ToList();
        return $"{inTime.Count}/{outcomes.Count}" + (inTime.Count > 0 ? $" ({inTime.Max(static outcome => outcome.Delay)})" : "");
    }

    private static void Wrong(string name, SpikeScore score)
    {
        foreach (var missed in score.Outcomes.Where(static outcome => !outcome.InTime))
            Console.WriteLine(
                $"{name}: {missed.Run.Name} {missed.Trace.Cause} at {missed.Trace.From}, onset {missed.Trace.Onset}: "
                + $"{(missed.Found is null ? "not found" : $"found {missed.Delay} steps later")}");
        foreach (var alarm in score.False)
            Console.WriteLine(
                $"{name}: {alarm.Run.Name} {alarm.Trace.Cause} at {alarm.Trace.From}: false alarm at {alarm.At}: {alarm.Finding.Evidence}");
    }

    // AdaGC has no findings, it only clips: the fraction of the gradient that it keeps, by cause.
    private static void Kept(Figures figures, IReadOnlyList<SpikeTraces> runs)
    {
        var detection = Alone(AdaGcRule.Id);
        var (clean, sharp) = (new List<double>(), new List<double>());
        foreach (var run in runs.Where(static run => run.Clean.Tensors is not null))
        {
            var memory = SpikeMemory.Empty;
            for (var i = 0; i < run.Clean.Length; i++)
            {
                foreach (var trace in run.Disturbed.Where(trace => trace is { Kind: CauseKind.Sharp } && trace.From == i
                    && trace.Onset == i && double.IsFinite(trace.Norm[0])))
                    sharp.Add(Part(trace.Signals(0), detection.Judge(trace.Signals(0), memory)));
                var judgement = detection.Judge(run.Clean.Signals(i), memory);
                if (i >= Defaults.AdaGc.Warmup)
                    clean.Add(Part(run.Clean.Signals(i), judgement));
                memory = judgement.IfApplied;
            }
        }

        if (clean.Count == 0 || sharp.Count == 0)
            return;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
                $"\nadagc leaves {100 * clean.Median():F0} % of the gradient's norm in sound steps, {100 * sharp.Median():G3} % where "
                + $"something sharp was done (medians)"));
        figures.Add("spikes.adagc.kept_sound", clean.Median());
        figures.Add("spikes.adagc.kept_sharp", sharp.Median());
    }

    // The traces are short, and their loss falls nearly all the time: this tests a loss that has levelled off and only scatters.
    private static void Plateau(Figures figures)
    {
        const int Steps = 50_000;
        var random = new Random(1);
        double[] losses = [.. Enumerable.Range(0, Steps).Select(_ => 2 * Math.Exp(0.03 * Normal(random)))];
        double[] norms = [.. Enumerable.Range(0, Steps).Select(_ => Math.Exp(0.3 * Normal(random)))];
        var plateau = new SpikeTraces("plateau", "", "", new SpikeTrace("plateau", CauseKind.Clean, 0, -1, losses, norms, null, null), []);
        Console.WriteLine($"\nfalse alarms in {Steps} steps of a plateau of random numbers");
        foreach (var (name, detection) in SpikeOptions.Names.Where(static name => name is not (AdaGcRule.Id or MomentumResetRule.Id))
            .Select(static name => (name, Alone(name)))
            .Append(("default", Defaults.Detection())))
        {
            var alarms = SpikeScore.Of(detection, [plateau]).False.Count;
            Console.WriteLine($"{name,-48} {alarms,9}");
            figures.Add($"spikes.{name}.plateau_false_alarms", alarms);
        }
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static double Part(StepSignals signals, Judgement judgement) => judgement.Adjustment.TensorFactors is not { } factors
        ? 1
        : Math.Sqrt(signals.TensorNorms.Select((norm, i) => norm * norm * factors[i] * factors[i])
            .Sum() / signals.TensorNorms.Sum(static norm => norm * norm));
}
