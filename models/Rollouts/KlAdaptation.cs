using ActorTrain.Models.PostTraining.Rewards;

namespace ActorTrain.Models.Rollouts;

public static class KlAdaptation
{
    /// <summary>β after a step.</summary>
    /// <param name="rollouts">Those that it was trained on; with their divergence from the base model.</param>
    /// <param name="beta">Before it; null at the beginning.</param>
    public static double? After(this KlController controller, RolloutSummary rollouts, double? beta)
    {
        ArgumentNullException.ThrowIfNull(rollouts);
        return rollouts.Divergence is { } divergence
            ? (controller with { Beta = beta ?? controller.Beta }).After(divergence * rollouts.Rollouts, rollouts.Rollouts).Beta : beta;
    }
}
