using System.Collections.Immutable;

namespace ActorTrain.Actors.Spikes;

/// <summary>Which rules judge steps, and with which thresholds.</summary>
/// <remarks>The rules that are on by default, and the thresholds of those without a source, were chosen on the tuning traces of the benchmark
/// (`make bench-spikes`); all others have their source's.</remarks>
public sealed record SpikeOptions
{
    // In the order in which they are asked; of two findings that ask for the same, the first counts.
    private static readonly ImmutableArray<(string Name, Func<SpikeOptions, SpikeRule> Make)> Known =
    [
        (FirstMaxRule.Id, static options => new FirstMaxRule(options.FirstMax)),
        (MeanSigmaRule.Id, static options => new MeanSigmaRule(options.MeanSigma)),
        (RobustZRule.Id, static options => new RobustZRule(options.RobustZ)),
        (RunningMultipleRule.Id, static options => new RunningMultipleRule(options.RunningMultiple)),
        (DriftRule.Id, static options => new DriftRule(options.Drift)),
        (ZClipRule.Id, static options => new ZClipRule(options.ZClip)),
        (AdaGcRule.Id, static options => new AdaGcRule(options.AdaGc)),
        (MomentumResetRule.Id, static options => new MomentumResetRule(options.MomentumReset)),
    ];

    /// <summary>Names of all rules that may be on beside <see cref="NonFiniteRule"/>, which always is.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(static known => known.Name)];

    /// <summary>Names of those that are on by default.</summary>
    public static ImmutableArray<string> DefaultRules { get; } = [RobustZRule.Id, DriftRule.Id];

    /// <summary>Names of the rules that are on beside <see cref="NonFiniteRule"/>.</summary>
    public ImmutableArray<string> Rules { get; init; } = DefaultRules;

    /// <summary>Of <c>first_max</c>.</summary>
    public FirstMaxOptions FirstMax { get; init; } = new();

    /// <summary>Of <c>mean_sigma</c>.</summary>
    public MeanSigmaOptions MeanSigma { get; init; } = new();

    /// <summary>Of <c>robust_z</c>.</summary>
    public RobustZOptions RobustZ { get; init; } = new() { Window = 64, Warmup = 32 };

    /// <summary>Of <c>running_multiple</c>.</summary>
    public RunningMultipleOptions RunningMultiple { get; init; } = new();

    /// <summary>Of <c>drift</c>.</summary>
    public DriftOptions Drift { get; init; } = new();

    /// <summary>Of <c>zclip</c>.</summary>
    public ZClipOptions ZClip { get; init; } = new();

    /// <summary>Of <c>adagc</c>.</summary>
    public AdaGcOptions AdaGc { get; init; } = new();

    /// <summary>Of <c>momentum_reset</c>.</summary>
    public MomentumResetOptions MomentumReset { get; init; } = new();

    /// <summary>Batches of one step in a row that may be vetoed before its weights are blamed; 0: they never are.</summary>
    public int Persistence { get; init; } = 3;

    /// <summary>Whether a rule is on.</summary>
    public bool Has(string rule) => Rules.Contains(rule);

    /// <summary>Whether a rule that is on looks at a signal.</summary>
    public bool Watches(SpikeSignal signal) =>
        (Has(MeanSigmaRule.Id) && MeanSigma.Signals.Contains(signal))
        || (Has(FirstMaxRule.Id) && FirstMax.Signals.Contains(signal))
        || (Has(RunningMultipleRule.Id) && RunningMultiple.Signals.Contains(signal));

    /// <summary>What is wrong with the options, a sentence each that names the setting; empty when all is well.</summary>
    public IEnumerable<string> Validate()
    {
        foreach (var name in Rules.Where(static name => !Names.Contains(name)))
            yield return $"spikes.rules names '{name}', which is no rule; choose from {string.Join(", ", Names)}.";
        foreach (var name in Rules.GroupBy(static name => name).Where(static same => same.Count() > 1).Select(static same => same.Key))
            yield return $"spikes.rules names {name} twice; name it once.";
        if (WarmupOf("mean_sigma", MeanSigma) is { } mean)
            yield return mean;
        if (WarmupOf("robust_z", RobustZ) is { } robust)
            yield return robust;
        if (Drift.Cap <= Drift.Slack)
            yield return FormattableString.Invariant($"spikes.drift_cap {Drift.Cap} is not above spikes.drift_slack {Drift.Slack}, so no climb would ever be found; make it larger.");
    }

    /// <summary>The rules that are on, ready to judge.</summary>
    public SpikeDetection Detection() =>
        new([new NonFiniteRule(), .. Known.Where(known => Rules.Contains(known.Name)).Select(known => known.Make(this))], Persistence);

    /// <inheritdoc/>
    public bool Equals(SpikeOptions? other) =>
        other is not null && Rules.SequenceEqual(other.Rules) && Persistence == other.Persistence
        && (FirstMax, MeanSigma, RobustZ, RunningMultiple, Drift).Equals((other.FirstMax, other.MeanSigma, other.RobustZ, other.RunningMultiple, other.Drift))
        && (ZClip, AdaGc, MomentumReset).Equals((other.ZClip, other.AdaGc, other.MomentumReset));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Rules.Length, Persistence, MeanSigma, RobustZ, Drift, ZClip);

    private static string? WarmupOf(string rule, WindowRuleOptions options) => options.Warmup <= options.Window
        ? null
        : FormattableString.Invariant($"spikes.{rule}_warmup {options.Warmup} is above spikes.{rule}_window {options.Window}, so the rule would never say anything; make it at most that.");
}
