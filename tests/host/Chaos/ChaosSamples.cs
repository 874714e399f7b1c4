using ActorTrain.Chaos;
using ActorTrain.Host.Chaos;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Tests.Chaos;

/// <summary>A run to break.</summary>
internal static class ChaosSamples
{
    public static ChaosTarget Target(params string[] more) => ScheduleFile.TargetOf(Run(more));

    /// <summary>A run on rollouts, with a reference.</summary>
    public static ChaosTarget Rollouts(params string[] more) =>
        ScheduleFile.TargetOf(Run(["policy.kl_coefficient=0.04", "rollouts.workers=3", .. more]), hasRollouts: true);

    /// <summary>A run whose trainers live on three nodes.</summary>
    public static ChaosTarget Nodes() => ScheduleFile.TargetOf(Run(), nodes: 3);

    public static RunConfiguration Run(params string[] more) => RunFile.Parse(
        null, "small", ["data.path=data", "training.steps=200", "training.batch=8", "training.lanes=4", "trainers.count=3",
            "trainers.timeout=4", "trainers.retry_interval=0.5", "checkpoints.every=10", .. more]);
}
