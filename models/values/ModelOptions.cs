using System.Text.Json.Serialization;
using ActorTrain.Models.Options;

namespace ActorTrain.Models;

public enum ModelFamily
{
    /// <summary>LayerNorm, GELU, learned positions, biases (Radford et al. 2019).</summary>
    Gpt2,

    /// <summary>RMSNorm, SwiGLU, rotary positions, grouped-query attention, no biases (Touvron et al. 2023).</summary>
    Llama,
}

/// <summary>What a model computes from its last hidden states.</summary>
public enum ModelOutput
{
    /// <summary>A logit for each token of the vocabulary.</summary>
    Logits,

    /// <summary>One number, by a linear layer of width D → 1: a reward model or a critic.</summary>
    Score,
}

/// <summary>The shape of a transformer; immutable, compared by value.</summary>
public sealed record ModelOptions : IOptions
{
    [Option("architecture of the layers: GPT-2 or Llama")]
    public ModelFamily Family { get; init; } = ModelFamily.Gpt2;

    [JsonIgnore]
    [Option("sets layers, width (64 · depth) and heads (depth) at once; cannot be combined with them",
        Min = 1, Max = 1000, Sets = [nameof(Layers), nameof(Width), nameof(Heads)])]
    public int Depth { get => Layers; init => Layers = value; }

    [Option("transformer blocks", Min = 1, Max = 1000, Derived = "{Depth}")]
    public int Layers { get; init; } = 6;

    [Option("width of the residual stream, D", Min = 1, Max = 1 << 20, Derived = "64 · {Layers}")]
    public int Width { get; init; } = 384;

    [Option("query heads, H", Min = 1, Max = 1 << 16, Derived = "{Width} / 64")]
    public int Heads { get; init; } = 6;

    [Option("key and value heads; fewer than {Heads} only for llama", Key = "kv_heads", Min = 1, Max = 1 << 16, Derived = "{Heads}")]
    public int KeyValueHeads { get; init; } = 6;

    [Option("width of the MLP's hidden layer, F",
        Min = 1, Max = 1 << 22, Derived = "4 · {Width} (llama: 8/3, rounded up to a multiple of 64)")]
    public int MlpWidth { get; init; } = 1536;

    [Option("tokens per sequence, T", Key = "context", Min = 1, Max = 1 << 20)]
    public int ContextLength { get; init; } = 256;

    public int VocabularySize { get; init; } = 512;

    [Option("whether the output projection shares the token embedding's weights", Derived = "true (llama: false)")]
    public bool TieEmbeddings { get; init; } = true;

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    [Option("what the model computes: logits of tokens, or one score, which 'actortrain reward' trains and sets")]
    public ModelOutput Output { get; init; }

    /// <summary>Whether a critic of the same shape stands beside the policy, for training by reinforcement.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Critic { get; init; }

    [Option("base of the rotary frequencies; llama only", Above = 0)]
    public double RopeTheta { get; init; } = 10_000;

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    [OptionGroup(Key = "rope")]
    public RopeScaling RopeScaling { get; init; }

    [Option("epsilon added to the variance inside each norm", Above = 0)]
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>Rows of the output's weight: V, or 1.</summary>
    public int OutputRows => Output is ModelOutput.Score ? 1 : VocabularySize;

    /// <summary>D / H.</summary>
    public int HeadWidth => Width / Heads;

    /// <summary>The language model alone.</summary>
    public ModelOptions ShapeOfPolicy() => this with { Critic = false };

    /// <summary>The critic alone: the value of each position, by a score.</summary>
    public ModelOptions ShapeOfCritic() => this with { Critic = false, Output = ModelOutput.Score };

    /// <summary>The model of a <see cref="Depth"/>.</summary>
    /// <param name="depth">Number of blocks, at least 1.</param>
    /// <returns>GPT-2 with an MLP four times as wide, or Llama with one 8/3 as wide, rounded up to a multiple of 64.</returns>
    public static ModelOptions FromDepth(int depth, ModelFamily family = ModelFamily.Gpt2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        return new ModelOptions { Family = family, Depth = depth }.Derive(static _ => false);
    }

    IOptions IOptions.Derive(Predicate<string> isGiven) => Derive(isGiven);

    /// <summary>Floating-point operations to train on one token: 6 for each weight of a matrix product, and causal attention, which covers
    /// half of the context on average (Chowdhery et al. 2022, appendix B, halved).</summary>
    public double TrainingFlopsPerToken
    {
        get
        {
            double attention = (2.0 * Heads + 2.0 * KeyValueHeads) * HeadWidth * Width;
            double mlp = (Family == ModelFamily.Gpt2 ? 2.0 : 3.0) * Width * MlpWidth;
            double products = Layers * (attention + mlp) + (double)OutputRows * Width;
            return 6 * products + 6.0 * Layers * ContextLength * Width + (Critic ? ShapeOfCritic().TrainingFlopsPerToken : 0);
        }
    }

    public IEnumerable<OptionProblem> Validate()
    {
        if (VocabularySize < 1)
            yield return new($"{nameof(VocabularySize):key} is {VocabularySize}, but it must be at least 1.");
        if (Heads < 1 || KeyValueHeads < 1)
            yield break;
        if (Width % Heads != 0)
            yield return new($"{nameof(Width):key} {Width} is not a multiple of {nameof(Heads):key} {Heads}; choose a multiple.");
        if (Heads % KeyValueHeads != 0)
            yield return new($"{nameof(Heads):key} {Heads} is not a multiple of {nameof(KeyValueHeads):key} "
                + $"{KeyValueHeads}; choose a multiple.");
        if (Family == ModelFamily.Gpt2 && KeyValueHeads != Heads)
        {
            yield return new(
                $"{nameof(KeyValueHeads):key} is {KeyValueHeads}, but GPT-2 requires it to equal {nameof(Heads):key} ({Heads}); "
                + $"remove it or choose family llama.");
        }

        if (Family == ModelFamily.Gpt2 && RopeScaling.Type is not RopeScalingType.None)
        {
            const string Type = $"{nameof(RopeScaling)}.{nameof(RopeScaling.Type)}";
            yield return new(
                $"{Type:key} is {RopeScaling.Type}, but GPT-2 has no rotary positions; omit it or choose "
                + $"family llama.");
        }

        if (Family == ModelFamily.Llama && HeadWidth % 2 != 0)
        {
            yield return new(
                $"a head is {HeadWidth} wide, but rotary positions need an even width; change {nameof(Width):key} or {nameof(Heads):key}.");
        }

        foreach (var problem in Family == ModelFamily.Llama ? RopeScaling.ProblemsOf(this) : [])
            yield return problem;
    }

    private ModelOptions Derive(Predicate<string> isGiven)
    {
        var width = isGiven(nameof(Width)) ? Width : 64 * Layers;
        var heads = isGiven(nameof(Heads)) ? Heads : Math.Max(1, width / 64);
        return this with
        {
            Width = width,
            Heads = heads,
            KeyValueHeads = isGiven(nameof(KeyValueHeads)) ? KeyValueHeads : heads,
            MlpWidth = isGiven(nameof(MlpWidth)) ? MlpWidth : Family == ModelFamily.Gpt2 ? 4 * width : (8 * width / 3 + 63) / 64 * 64,
            TieEmbeddings = isGiven(nameof(TieEmbeddings)) ? TieEmbeddings : Family == ModelFamily.Gpt2,
        };
    }
}
