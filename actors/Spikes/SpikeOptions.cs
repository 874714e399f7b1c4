using System.Collections.Immutable;
using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Spikes;

/// <summary>Which rules judge steps, their thresholds, and the responses to their findings.</summary>
/// <remarks>The default rules, and thresholds without a source, were chosen on the tuning traces of the benchmark (`make bench-spikes`);
/// all others have their source's.</remarks>
public sealed record SpikeOptions : IOptions
{
    // In order of evaluation; of two findings with the same response, the first counts.
    private static readonly ImmutableArray<(string Name, Func<SpikeOptions, IReadOnlyList<double>, SpikeRule> Make)> Known =
    [
        (FirstMaxRule.Id, static (options, _) => new FirstMaxRule(options.FirstMax)),
        (MeanSigmaRule.Id, static (options, _) => new MeanSigmaRule(options.MeanSigma)),
        (RobustZRule.Id, static (options, _) => new RobustZRule(options.RobustZ)),
        (RunningMultipleRule.Id, static (options, _) => new RunningMultipleRule(options.RunningMultiple)),
        (DriftRule.Id, static (options, _) => new DriftRule(options.Drift)),
        (PolicyDriftRule.Id, static (options, weights) => new PolicyDriftRule(options.PolicyDrift, weights)),
        (ZClipRule.Id, static (options, _) => new ZClipRule(options.ZClip)),
        (AdaGcRule.Id, static (options, _) => new AdaGcRule(options.AdaGc)),
        (MomentumResetRule.Id, static (options, _) => new MomentumResetRule(options.MomentumReset)),
    ];

    /// <summary>All rules that can be enabled besides <see cref="NonFiniteRule"/>, which is always on.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(static known => known.Name)];

    public static EquatableArray<string> DefaultRules { get; } = [RobustZRule.Id, DriftRule.Id];

    [Option("rules that judge each step, in addition to non_finite, which is always on", Choices = nameof(Names))]
    public EquatableArray<string> Rules { get; init; } = DefaultRules;

    [Option("consecutive vetoed batches of one step before the weights are blamed and the run is rolled back; 0: never",
        Max = 1000)]
    public int Persistence { get; init; } = 3;

    public RobustZOptions RobustZ { get; init; } = new() { Window = 64, Warmup = 32 };
    public DriftOptions Drift { get; init; } = new();
    public PolicyDriftOptions PolicyDrift { get; init; } = new();
    public MeanSigmaOptions MeanSigma { get; init; } = new();
    public FirstMaxOptions FirstMax { get; init; } = new();
    public RunningMultipleOptions RunningMultiple { get; init; } = new();

    [OptionGroup(Key = ZClipRule.Id)]
    public ZClipOptions ZClip { get; init; } = new();

    [OptionGroup(Key = AdaGcRule.Id)]
    public AdaGcOptions AdaGc { get; init; } = new();

    public MomentumResetOptions MomentumReset { get; init; } = new();

    [OptionGroup(Key = "")]
    public SpikeLadderOptions Ladder { get; init; } = new();

    public bool Has(string rule) => Rules.Contains(rule);

    public bool Watches(SpikeSignal signal) =>
        (Has(MeanSigmaRule.Id) && MeanSigma.Signals.Contains(signal))
        || (Has(FirstMaxRule.Id) && FirstMax.Signals.Contains(signal))
        || (Has(RunningMultipleRule.Id) && RunningMultiple.Signals.Contains(signal));

    public IEnumerable<OptionProblem> Validate()
    {
        foreach (var name in Rules.Where(static name => !Names.Contains(name)))
            yield return new($"{nameof(Rules):key} has the unknown rule '{name}'; choose from {string.Join(", ", Names)}.");
        foreach (var name in Rules.GroupBy(static name => name).Where(static same => same.Count() > 1).Select(static same => same.Key))
            yield return new($"{nameof(Rules):key} has {name} twice; name it once.");
    }

    /// <param name="rewardWeights">Of the parts of the reward; null without rollouts.</param>
    public SpikeDetection Detection(IReadOnlyList<double>? rewardWeights = null) => new(
        [new NonFiniteRule(), .. Known.Where(known => Rules.Contains(known.Name)).Select(known => known.Make(this, rewardWeights ?? []))],
        Persistence);
}
