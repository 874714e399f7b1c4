using System.Globalization;
using ActorTrain.Models.Options;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Checkpoints;

public sealed record SaveIntervalOptions : IOptions
{
    [Option("shortest interval that auto chooses", Key = "every_min", Min = 1, Max = int.MaxValue)]
    public long Least { get; init; } = 10;

    [Option("longest interval that auto chooses", Key = "every_max", Min = 1, Max = int.MaxValue)]
    public long Most { get; init; } = 1000;

    /// <summary>Prior mean time between failures; weighs as much as one observed failure.</summary>
    public TimeSpan PriorTimeBetweenFailures { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Fraction of the writing time by which training is slowed, since it shares cores and disk.</summary>
    public double WritingShare { get; init; } = 0.1;

    public IEnumerable<OptionProblem> Validate()
    {
        if (Least > Most)
            yield return new($"{nameof(Least):key} {Least} is above {nameof(Most):key} {Most}; lower it.");
    }
}

/// <summary>The measured cost of a save.</summary>
/// <param name="Stall">Training stands still while its state is copied.</param>
/// <param name="Write">From the copy until the checkpoint is complete on disk, while training continues; reading takes about as
/// long.</param>
public sealed record SaveCost(TimeSpan Stall, TimeSpan Write, TimeSpan Step);

/// <param name="Every">Steps between checkpoints.</param>
public sealed record SaveIntervalChoice(long Every, string Reason);

/// <summary>The checkpoint interval that minimizes the combined cost of saving and of redone steps.</summary>
/// <remarks>
/// <para>Let a save cost C, loading a checkpoint R, the mean time between failures be μ, and the interval T. A failure costs R, the work
/// since the last checkpoint (T/2 on average) and, if it is detected with a delay D after its onset, that time as well, since work and
/// checkpoints in between depend on the fault. Of the time a fraction 1 − C/T is work, of which a fraction 1 − (T/2 + D + R)/μ is not lost.
/// Their product is maximal where its derivative (C/T²)(1 − (T/2 + D + R)/μ) − (1 − C/T)/(2μ) is 0, which is at</para>
/// <para>T = √(2 C (μ − D − R)).</para>
/// <para>Without D and R this is Young's first-order optimum (J. W. Young, "A first order approximation to the optimum checkpoint
/// interval", Communications of the ACM 17(9), 1974); Daly refines it for R and for C that is not small against μ (J. T. Daly, "A higher
/// order estimate of the optimum checkpoint interval for restart dumps", Future Generation Computer Systems 22(3), 2006). If failures
/// precede recovery from the last one, μ ≤ D + R, only the shortest interval makes progress.</para>
/// <para>μ is estimated as (observed time + prior time) / (failures + 1), the mean of a Gamma prior worth one failure; D likewise.</para>
/// </remarks>
public static class SaveInterval
{
    public static SaveIntervalChoice Choose(SaveCost cost, FailureRecord failures, SaveIntervalOptions options)
    {
        ArgumentNullException.ThrowIfNull(cost);
        ArgumentNullException.ThrowIfNull(failures);
        ArgumentNullException.ThrowIfNull(options);
        var step = Math.Max(cost.Step.TotalSeconds, 1e-6);
        var save = cost.Stall.TotalSeconds + (options.WritingShare * cost.Write.TotalSeconds);
        var between = (failures.Watched + options.PriorTimeBetweenFailures).TotalSeconds / (failures.Failures + 1);
        var late = failures.DelaySteps * step / (failures.Failures + 1);
        var left = between - late - cost.Write.TotalSeconds;
        var best = left > 0 ? Math.Sqrt(2 * save * left) : 0;
        var wanted = Math.Max(1, Math.Round(Math.Min(best / step, long.MaxValue / 2)));
        var every = (long)Math.Clamp(wanted, options.Least, options.Most);
        var bound = every == wanted ? "" : string.Create(CultureInfo.InvariantCulture, $", limited to {every} by the bounds "
            + $"{options.Least} and {options.Most}");
        var reckoning = left > 0
            ? $"√(2 · {In(save)} · ({In(between)} − {In(late)} − {In(cost.Write.TotalSeconds)})) = {In(best)}, "
                + $"which is {Count(wanted)} of {In(step)}{bound}"
            : $"MTBF is shorter than recovery time, so the shortest interval is best{bound}";
        return new SaveIntervalChoice(every,
            $"A save costs {In(save)} (stall {In(cost.Stall.TotalSeconds)}, background write {In(cost.Write.TotalSeconds)}), "
            + $"MTBF {In(between)} ({Times(failures.Failures)} in {In(failures.Watched.TotalSeconds)} so far), detection delay "
            + $"{In(late)}; Young/Daly: {reckoning}.");
    }

    private static string Count(double steps) => steps == 1 ? "1 step" : string.Create(CultureInfo.InvariantCulture, $"{steps:0} steps");

    private static string Times(int count) =>
        count switch { 0 => "never", 1 => "once", _ => string.Create(CultureInfo.InvariantCulture, $"{count} times") };

    private static string In(double seconds) => FormattableString.Invariant(seconds switch
    {
        0 => (FormattableString)$"0 s",
        < 1 => $"{1000 * seconds:0.#} ms",
        < 600 => $"{seconds:0.#} s",
        < 7200 => $"{seconds / 60:0.#} min",
        _ => $"{seconds / 3600:0.#} h",
    });
}
