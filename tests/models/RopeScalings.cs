namespace ActorTrain.Models.Tests;

/// <summary>A scaling of each type that scales some pairs wholly, some in part and some not, in contexts of a few tokens.</summary>
internal static class RopeScalings
{
    public static RopeScaling Of(RopeScalingType type) => type switch
    {
        RopeScalingType.Linear => new RopeScaling { Type = type, Factor = 4 },
        RopeScalingType.Llama3 => new RopeScaling
        {
            Type = type,
            Factor = 8,
            OriginalContext = 16,
            LowFrequencyFactor = 0.25,
            HighFrequencyFactor = 2,
        },
        RopeScalingType.Yarn => new RopeScaling
        {
            Type = type,
            Factor = 4,
            OriginalContext = 16,
            BetaFast = 2,
            BetaSlow = 0.25,
            Truncate = false,
        }.Complete(),
        _ => default,
    };
}
