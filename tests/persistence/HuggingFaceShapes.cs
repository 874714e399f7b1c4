using ActorTrain.Models;

namespace ActorTrain.Persistence.Tests;

/// <summary>Small models of each family.</summary>
internal static class HuggingFaceShapes
{
    public static IReadOnlyDictionary<string, ModelOptions> All { get; } = new Dictionary<string, ModelOptions>
    {
        ["gpt2"] = Shape(ModelFamily.Gpt2, layers: 2, width: 12, heads: 3, keyValueHeads: 3, mlpWidth: 40),
        ["gpt2 untied"] = Shape(ModelFamily.Gpt2, layers: 1, width: 8, heads: 2, keyValueHeads: 2, mlpWidth: 32, tie: false, epsilon: 1e-3),
        ["llama"] = Shape(ModelFamily.Llama, layers: 2, width: 24, heads: 6, keyValueHeads: 2, mlpWidth: 40, tie: false),
        ["llama tied"] = Shape(ModelFamily.Llama, layers: 1, width: 12, heads: 3, keyValueHeads: 3, mlpWidth: 33, theta: 500, epsilon: 1e-6),
        ["llama linear"] = Scaled(new RopeScaling { Type = RopeScalingType.Linear, Factor = 4 }),
        ["llama llama3"] = Scaled(new RopeScaling
        {
            Type = RopeScalingType.Llama3,
            Factor = 8,
            OriginalContext = 5,
            LowFrequencyFactor = 0.1,
            HighFrequencyFactor = 0.7,
        }),
        ["llama yarn"] = Scaled(new RopeScaling { Type = RopeScalingType.Yarn, Factor = 1.5, OriginalContext = 7 }.Complete()),
        ["llama yarn, whole"] = Scaled(new RopeScaling
        {
            Type = RopeScalingType.Yarn,
            Factor = 40,
            OriginalContext = 16,
            BetaFast = 2,
            BetaSlow = 0.25,
            Truncate = false,
            AttentionFactor = 0.9,
        }),
    };

    private static ModelOptions Scaled(RopeScaling scaling) =>
        Shape(ModelFamily.Llama, layers: 1, width: 24, heads: 3, keyValueHeads: 1, mlpWidth: 40, tie: false) with { RopeScaling = scaling };

    private static ModelOptions Shape(
        ModelFamily family, int layers, int width, int heads, int keyValueHeads, int mlpWidth, bool tie = true,
        double theta = 10_000, double epsilon = 1e-5) => new()
        {
            Family = family,
            Layers = layers,
            Width = width,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            MlpWidth = mlpWidth,
            ContextLength = 9,
            VocabularySize = 37,
            TieEmbeddings = tie,
            RopeTheta = theta,
            NormEpsilon = epsilon,
        };
}
