using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Options;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Spikes;

/// <summary>How often a rung may be used; steps are counted back from the onset.</summary>
public sealed record RungLimits(
    [property: Option("maximum uses within {Window} (0: never) before escalating: veto, rollback, "
        + "rollback with a lower learning rate, end the run")]
    int Budget,
    [property: Option("window in which uses are counted, in steps", Min = 1, Max = int.MaxValue)] long Window,
    [property: Option("minimum steps between two uses", Max = int.MaxValue)] long Cooldown) : IOptions;

public sealed record SpikeLadderOptions : IOptions
{
    [Option("whether a suspicious step is recomputed before its data is blamed",
        MayChangeBecause = "it only affects whether bits are checked before they are judged")]
    public bool Replay { get; init; } = true;

    public RungLimits Veto { get; init; } = new(10, 1000, 0);

    [OptionGroup(Key = "rollback")]
    public RungLimits RollBack { get; init; } = new(3, 2000, 0);

    public RungLimits LowerRate { get; init; } = new(2, 5000, 0);

    [Option("factor by which the learning rate is lowered", Above = 0, Below = 1)]
    public double RateFactor { get; init; } = 0.5;

    [Option("steps before the onset to roll back to", Max = 1_000_000)]
    public long Margin { get; init; } = 10;

    [Option("an onset within this many steps of the last rollback counts as the same place, and skips more batches", Max = int.MaxValue)]
    public long SamePlace { get; init; } = 100;

    [Option("factor by which the skip grows at the same place", Min = 1, Max = 1000)]
    public int Widening { get; init; } = 2;

    [Option("maximum batches that one rollback skips; above {Margin}", Min = 1, Max = int.MaxValue)]
    public long MaxSkip { get; init; } = 500;

    public IEnumerable<OptionProblem> Validate()
    {
        if (MaxSkip <= Margin)
        {
            yield return new(
                $"{nameof(MaxSkip):key} {MaxSkip} is not above {nameof(Margin):key} {Margin}, "
                + $"so a rollback would never skip the bad batch itself; raise it.");
        }
    }
}

/// <summary>The response to a finding: the one it requests or, if that was used too often, the next.</summary>
public static class SpikeLadder
{
    public static Rung Choose(Finding? finding, RunOverrides overrides, SpikeLadderOptions options)
    {
        ArgumentNullException.ThrowIfNull(overrides);
        ArgumentNullException.ThrowIfNull(options);
        if (finding is null)
            return Rung.Accept;
        if (finding.Answer < SpikeAnswer.Veto)
            return finding.Answer == SpikeAnswer.Clip ? Rung.Clip : Rung.Accept;
        var onset = finding.Onset;
        if (finding.Answer == SpikeAnswer.Veto && IsWithin(options.Veto, [.. overrides.Vetoes], onset))
            return Rung.Veto;
        var automatic = overrides.Interventions.Where(IsAnswer).ToList();
        if (IsWithin(options.RollBack, [.. automatic.Where(static intervention => intervention.RateFactor == 1)
            .Select(static intervention => intervention.From)], onset))
            return Rung.RollBack;
        return IsWithin(options.LowerRate, [.. automatic.Where(static intervention => intervention.RateFactor != 1)
            .Select(static intervention => intervention.From)], onset)
            ? Rung.LowerRate
            : Rung.Halt;
    }

    /// <summary>The step to roll back to: a margin before the onset.</summary>
    public static long FromOf(Finding finding, SpikeLadderOptions options)
    {
        ArgumentNullException.ThrowIfNull(finding);
        ArgumentNullException.ThrowIfNull(options);
        return Math.Max(0, finding.Onset - options.Margin);
    }

    /// <summary>Batches to skip: from a margin before the onset to the judged one, and more after repeated rollbacks.</summary>
    public static long SkipOf(Finding finding, long step, RunOverrides overrides, SpikeLadderOptions options)
    {
        ArgumentNullException.ThrowIfNull(finding);
        ArgumentNullException.ThrowIfNull(overrides);
        ArgumentNullException.ThrowIfNull(options);
        var skip = step - FromOf(finding, options) + 1;
        var before =
            overrides.Interventions.Count(intervention => IsAnswer(intervention) && intervention.From + options.SamePlace >= finding.Onset);
        for (var i = 0; i < before; i++)
            skip = Math.Min(skip * options.Widening, options.MaxSkip);
        return Math.Min(skip, options.MaxSkip);
    }

    // A rollback because of a faulty machine skips nothing.
    private static bool IsAnswer(Intervention intervention) => intervention.By == Intervention.Automatic && intervention.Skipped.Count > 0;

    private static bool IsWithin(RungLimits limits, IReadOnlyList<long> uses, long onset) =>
        uses.Count(use => use > onset - limits.Window) < limits.Budget
            && (uses.Count == 0 || limits.Cooldown == 0 || onset - uses.Max() >= limits.Cooldown);
}
