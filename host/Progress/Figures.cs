using System.Globalization;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Host.Progress;

internal static class Figures
{
    public static string Loss(double value) => Format(value, "0.0000");

    public static string Short(double value) => Math.Abs(value) switch
    {
        >= 1e6 => Format(value, "0.000e+0"),
        >= 100 => Format(value, "0.0"),
        >= 1 => Format(value, "0.000"),
        _ => Format(value, "0.0000"),
    };

    public static string LearningRate(double value) => Format(value, "0.000e-0");

    public static string Whole(double value) => Format(value, "0");

    public static string Percent(double fraction) => Format(100 * fraction, "0.0") + "%";

    /// <summary>The mean reward, with the means of its parts if there are several.</summary>
    /// <param name="parts">Their names.</param>
    public static string Reward(RolloutSummary rollouts, IReadOnlyList<string> parts) => Loss(rollouts.Reward)
        + (parts.Count > 1 ? $" ({string.Join(", ", parts.Zip(rollouts.Parts, static (name, mean) => $"{name} {Loss(mean)}"))})" : "");

    /// <summary>Figures of rollouts besides their reward, name by name.</summary>
    public static string Of(RolloutSummary rollouts) => $"length {Format(rollouts.Length, "0.0")} ended "
        + $"{Percent(rollouts.Ended)} entropy {Short(rollouts.Entropy)}"
        + (rollouts.Divergence is { } divergence ? $" kl {Short(divergence)}" : "")
        + (rollouts.KlCoefficient is { } coefficient ? $" kl_coefficient {Short(coefficient)}" : "")
        + (rollouts.ValueLoss is { } loss ? $" value_loss {Short(loss)}" : "")
        + (rollouts.ExplainedVariance is { } explained ? $" explained_variance {Short(explained)}" : "");

    /// <summary>Figures of a policy, name by name; none if it is the one that sampled.</summary>
    public static string Of(PolicyFigures? policy) => policy is { LargestLogRatio: not 0 } moved
        ? $" ratio {Short(moved.Ratio)} clipped {Percent(moved.ClipFraction)} policy_kl {Short(moved.ApproximateKl)}" : "";

    /// <summary>Figures of completions besides their reward, as part of a sentence.</summary>
    public static string OfCompletions(RolloutSummary rollouts) =>
        (rollouts.Divergence is { } divergence ? $"KL {Short(divergence)} nats, " : "")
        + $"length {Format(rollouts.Length, "0.0")} tokens, ended {Percent(rollouts.Ended)}, "
        + $"entropy {Short(rollouts.Entropy)} nats per token";

    public static string Duration(TimeSpan value)
    {
        var seconds = (long)Math.Round(Math.Max(0, value.TotalSeconds));
        return $"{seconds / 3600}:{seconds / 60 % 60:00}:{seconds % 60:00}";
    }

    private static string Format(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
