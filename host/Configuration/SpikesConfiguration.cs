using System.Collections.Immutable;
using System.Globalization;
using ActorTrain.Actors.Spikes;
using ActorTrain.Models;

namespace ActorTrain.Host.Configuration;

/// <summary>How bad steps are told, and answered.</summary>
/// <param name="Detection">Which rules judge, and by which thresholds.</param>
/// <param name="Ladder">How often each answer may be given.</param>
/// <param name="Replay">Whether a suspicious step is computed once more before its data is blamed.</param>
public sealed record SpikesConfiguration(SpikeOptions Detection, SpikeLadderOptions Ladder, bool Replay)
{
    /// <summary>Stands for no rule beside <c>non_finite</c>.</summary>
    public const string NoRules = "none";

    /// <summary>What <c>spikes.rules</c> may be, to follow "it must be".</summary>
    internal static string RulesExpectation { get; } = $"{NoRules}, or names out of {string.Join(", ", SpikeOptions.Names)}, with commas between them";

    /// <summary>Whether a text is a list of rules.</summary>
    internal static bool AreRules(string text) => new SpikeOptions { Rules = RulesOf(text) }.Validate().All(static wrong => !wrong.StartsWith("spikes.rules", StringComparison.Ordinal))
        && (text == NoRules || RulesOf(text).Length > 0);

    /// <summary>The list as text.</summary>
    internal static string Write(ImmutableArray<string> rules) => rules.IsEmpty ? NoRules : string.Join(", ", rules);

    /// <summary>Takes the settings together.</summary>
    internal static SpikesConfiguration Of(GivenSettings given)
    {
        var detection = new SpikeOptions
        {
            Rules = RulesOf(given.Get<string>("spikes.rules")),
            Persistence = given.Get<int>("spikes.persistence"),
            RobustZ = new RobustZOptions
            {
                Z = given.Get<double>("spikes.robust_z"),
                Window = given.Get<int>("spikes.robust_z_window"),
                Warmup = given.Get<int>("spikes.robust_z_warmup"),
                LossFloor = given.Get<double>("spikes.robust_z_loss_floor"),
                NormFloor = given.Get<double>("spikes.robust_z_norm_floor"),
                JointZ = given.Get<double>("spikes.robust_z_joint"),
                NormMultiple = given.Get<double>("spikes.robust_z_norm_multiple"),
            },
            Drift = new DriftOptions
            {
                Limit = given.Get<double>("spikes.drift"),
                Window = given.Get<int>("spikes.drift_window"),
                Slack = given.Get<double>("spikes.drift_slack"),
                Cap = given.Get<double>("spikes.drift_cap"),
                Floor = given.Get<double>("spikes.drift_floor"),
            },
            MeanSigma = new MeanSigmaOptions
            {
                Sigma = given.Get<double>("spikes.mean_sigma"),
                Window = given.Get<int>("spikes.mean_sigma_window"),
                Warmup = given.Get<int>("spikes.mean_sigma_warmup"),
                Signals = Signals(given, "mean_sigma"),
            },
            FirstMax = new FirstMaxOptions
            {
                Factor = given.Get<double>("spikes.first_max"),
                Samples = given.Get<int>("spikes.first_max_samples"),
                Signals = Signals(given, "first_max"),
            },
            RunningMultiple = new RunningMultipleOptions
            {
                Multiple = given.Get<double>("spikes.running_multiple"),
                Window = given.Get<int>("spikes.running_multiple_window"),
                Patience = given.Get<int>("spikes.running_multiple_patience"),
                Signals = Signals(given, "running_multiple"),
            },
            ZClip = new ZClipOptions { Z = given.Get<double>("spikes.zclip"), Alpha = given.Get<double>("spikes.zclip_alpha"), Warmup = given.Get<int>("spikes.zclip_warmup") },
            AdaGc = new AdaGcOptions
            {
                Relative = given.Get<double>("spikes.adagc"),
                Beta = given.Get<double>("spikes.adagc_beta"),
                Absolute = given.Get<double>("spikes.adagc_absolute"),
                Warmup = given.Get<int>("spikes.adagc_warmup"),
            },
            MomentumReset = new MomentumResetOptions { Warmup = given.Get<int>("spikes.momentum_reset_warmup") },
        };
        if (detection.Validate().FirstOrDefault() is { } wrong)
        {
            string[] named = [.. Settings.All.Select(static setting => setting.Key).Where(key => wrong.Contains(key, StringComparison.Ordinal)).OrderByDescending(static key => key.Length)];
            throw new UserErrorException($"{given.OriginOf(named)}: {wrong}");
        }

        var ladder = new SpikeLadderOptions
        {
            Veto = Limits(given, "veto"),
            RollBack = Limits(given, "rollback"),
            LowerRate = Limits(given, "lower_rate"),
            RateFactor = given.Get<double>("spikes.rate_factor"),
            Margin = given.Get<int>("spikes.margin"),
            SamePlace = given.Get<int>("spikes.same_place"),
            Widening = given.Get<int>("spikes.widening"),
            MaxSkip = given.Get<int>("spikes.max_skip"),
        };
        return ladder.MaxSkip > ladder.Margin
            ? new SpikesConfiguration(detection, ladder, given.Get<bool>("spikes.replay"))
            : throw new UserErrorException(string.Create(
                CultureInfo.InvariantCulture,
                $"{given.OriginOf("spikes.max_skip", "spikes.margin")}: spikes.max_skip {ladder.MaxSkip} is not above spikes.margin {ladder.Margin}, so going back would never skip the bad batch itself; make it larger."));
    }

    private static RungLimits Limits(GivenSettings given, string rung) =>
        new(given.Get<int>($"spikes.{rung}_budget"), given.Get<int>($"spikes.{rung}_window"), given.Get<int>($"spikes.{rung}_cooldown"));

    private static WatchedSignals Signals(GivenSettings given, string rule) => WatchedSignals.TryRead(given.Get<string>($"spikes.{rule}_signals"), out var watched)
        ? watched
        : throw new InvalidOperationException($"spikes.{rule}_signals took a value that names no signals.");

    private static ImmutableArray<string> RulesOf(string text) =>
        text == NoRules ? [] : [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
}
