using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Spikes;

/// <summary>How often a rung may be taken.</summary>
/// <param name="Budget">How often within <paramref name="Window"/>; 0: never.</param>
/// <param name="Window">Steps, counted back from the onset.</param>
/// <param name="Cooldown">Steps that must lie between two uses.</param>
public sealed record RungLimits(int Budget, long Window, long Cooldown);

/// <summary>What the ladder depends on.</summary>
public sealed record SpikeLadderOptions
{
    /// <summary>Vetoes of single steps.</summary>
    public RungLimits Veto { get; init; } = new(10, 1000, 0);

    /// <summary>Rollbacks.</summary>
    public RungLimits RollBack { get; init; } = new(3, 2000, 0);

    /// <summary>Rollbacks that lower the rate.</summary>
    public RungLimits LowerRate { get; init; } = new(2, 5000, 0);

    /// <summary>The learning rate is multiplied by it when it is lowered.</summary>
    public double RateFactor { get; init; } = 0.5;

    /// <summary>Steps to go back before the onset.</summary>
    public long Margin { get; init; } = 10;

    /// <summary>An onset so many steps after the last correction, or nearer, is at the same place: the skip is widened.</summary>
    public long SamePlace { get; init; } = 100;

    /// <summary>Factor by which the skip is widened each time.</summary>
    public int Widening { get; init; } = 2;

    /// <summary>The most batches that one correction leaves out.</summary>
    public long MaxSkip { get; init; } = 500;
}

/// <summary>Which answer a finding gets: the one it asks for, or, where that was taken too often, the next.</summary>
public static class SpikeLadder
{
    /// <summary>Chooses.</summary>
    /// <param name="finding">The finding; null: none.</param>
    /// <param name="course">What was answered before.</param>
    /// <param name="options">Limits of each rung.</param>
    public static Rung Choose(Finding? finding, Course course, SpikeLadderOptions options)
    {
        ArgumentNullException.ThrowIfNull(course);
        ArgumentNullException.ThrowIfNull(options);
        if (finding is null)
            return Rung.Accept;
        if (finding.Answer < SpikeAnswer.Veto)
            return finding.Answer == SpikeAnswer.Clip ? Rung.Clip : Rung.Accept;
        var onset = finding.Onset;
        if (finding.Answer == SpikeAnswer.Veto && IsWithin(options.Veto, [.. course.Vetoes], onset))
            return Rung.Veto;
        var automatic = course.Corrections.Where(IsAnswer).ToList();
        if (IsWithin(options.RollBack, [.. automatic.Where(static correction => correction.RateFactor == 1).Select(static correction => correction.From)], onset))
            return Rung.RollBack;
        return IsWithin(options.LowerRate, [.. automatic.Where(static correction => correction.RateFactor != 1).Select(static correction => correction.From)], onset)
            ? Rung.LowerRate
            : Rung.Halt;
    }

    /// <summary>The step to go back to: a margin before the onset.</summary>
    public static long FromOf(Finding finding, SpikeLadderOptions options)
    {
        ArgumentNullException.ThrowIfNull(finding);
        ArgumentNullException.ThrowIfNull(options);
        return Math.Max(0, finding.Onset - options.Margin);
    }

    /// <summary>Batches to leave out: those from a margin before the onset to the one that was judged, more of them where it has happened before.</summary>
    /// <param name="finding">The finding.</param>
    /// <param name="step">The step that was judged.</param>
    /// <param name="course">What was answered before.</param>
    /// <param name="options">How far it is widened.</param>
    public static long SkipOf(Finding finding, long step, Course course, SpikeLadderOptions options)
    {
        ArgumentNullException.ThrowIfNull(finding);
        ArgumentNullException.ThrowIfNull(course);
        ArgumentNullException.ThrowIfNull(options);
        var skip = step - FromOf(finding, options) + 1;
        var before = course.Corrections.Count(correction => IsAnswer(correction) && correction.From + options.SamePlace >= finding.Onset);
        for (var i = 0; i < before; i++)
            skip = Math.Min(skip * options.Widening, options.MaxSkip);
        return Math.Min(skip, options.MaxSkip);
    }

    // What is only taken again because a machine lied leaves nothing out.
    private static bool IsAnswer(Correction correction) => correction.By == Correction.Automatic && correction.Skipped.Count > 0;

    private static bool IsWithin(RungLimits limits, IReadOnlyList<long> uses, long onset) =>
        uses.Count(use => use > onset - limits.Window) < limits.Budget && (uses.Count == 0 || limits.Cooldown == 0 || onset - uses.Max() >= limits.Cooldown);
}
