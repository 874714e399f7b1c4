namespace ActorTrain.Models;

/// <summary>The two families of decoder-only transformer.</summary>
public enum ModelFamily
{
    /// <summary>LayerNorm, GELU, learned positions, biases (Radford et al. 2019).</summary>
    Gpt2,

    /// <summary>RMSNorm, SwiGLU, rotary positions, grouped-query attention, no biases (Touvron et al. 2023).</summary>
    Llama,
}

/// <summary>The shape of a transformer; immutable, compared by value.</summary>
public sealed record ModelOptions
{
    /// <summary>Which family of layers.</summary>
    public ModelFamily Family { get; init; } = ModelFamily.Gpt2;

    /// <summary>Number of transformer blocks.</summary>
    public int Layers { get; init; } = 6;

    /// <summary>Width of the residual stream, D.</summary>
    public int Width { get; init; } = 384;

    /// <summary>Number of query heads, H; divides <see cref="Width"/>.</summary>
    public int Heads { get; init; } = 6;

    /// <summary>Number of key and value heads; divides <see cref="Heads"/>. Equal to it for GPT-2.</summary>
    public int KeyValueHeads { get; init; } = 6;

    /// <summary>Width of the hidden layer of the MLP, F.</summary>
    public int MlpWidth { get; init; } = 1536;

    /// <summary>Longest sequence in tokens, T.</summary>
    public int ContextLength { get; init; } = 256;

    /// <summary>Number of token ids, V.</summary>
    public int VocabularySize { get; init; } = 512;

    /// <summary>Whether the output projection is the token embedding.</summary>
    public bool TieEmbeddings { get; init; } = true;

    /// <summary>Base of the rotary frequencies; Llama only.</summary>
    public double RopeTheta { get; init; } = 10_000;

    /// <summary>Added to the variance inside each norm.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>Width of one head, D / H.</summary>
    public int HeadWidth => Width / Heads;

    /// <summary>
    /// One dial for a whole sensible model: <paramref name="depth"/> blocks of width 64·depth, heads of width 64.
    /// </summary>
    /// <param name="depth">Number of blocks, at least 1.</param>
    /// <param name="family">Which family of layers.</param>
    /// <returns>GPT-2 with an MLP four times as wide, or Llama with one 8/3 as wide, rounded up to a multiple of 64.</returns>
    public static ModelOptions FromDepth(int depth, ModelFamily family = ModelFamily.Gpt2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        var width = 64 * depth;
        return new ModelOptions
        {
            Family = family,
            Layers = depth,
            Width = width,
            Heads = depth,
            KeyValueHeads = depth,
            MlpWidth = family == ModelFamily.Gpt2 ? 4 * width : (8 * width / 3 + 63) / 64 * 64,
            TieEmbeddings = family == ModelFamily.Gpt2,
        };
    }

    /// <summary>Floating-point operations to train on one token: 6 for each weight of a matrix product, and causal attention, which looks at
    /// half of the context on average (Chowdhery et al. 2022, appendix B, halved).</summary>
    public double TrainingFlopsPerToken
    {
        get
        {
            double attention = (2.0 * Heads + 2.0 * KeyValueHeads) * HeadWidth * Width;
            double mlp = (Family == ModelFamily.Gpt2 ? 2.0 : 3.0) * Width * MlpWidth;
            double products = Layers * (attention + mlp) + (double)VocabularySize * Width;
            return 6 * products + 6.0 * Layers * ContextLength * Width;
        }
    }

    /// <summary>Says what is wrong with these options, each as one sentence; empty when they make a model.</summary>
    public IEnumerable<string> Validate()
    {
        foreach (var (name, value) in new[]
                 {
                     ("layers", Layers), ("width", Width), ("heads", Heads), ("kv_heads", KeyValueHeads), ("mlp_width", MlpWidth),
                     ("context", ContextLength), ("vocabulary", VocabularySize),
                 })
        {
            if (value < 1)
                yield return $"model.{name} is {value}; it must be at least 1.";
        }

        if (Heads > 0 && Width % Heads != 0)
            yield return $"model.width {Width} is not a multiple of model.heads {Heads}; make it one.";
        if (KeyValueHeads > 0 && Heads % KeyValueHeads != 0)
            yield return $"model.heads {Heads} is not a multiple of model.kv_heads {KeyValueHeads}; make it one.";
        if (Family == ModelFamily.Gpt2 && KeyValueHeads != Heads)
            yield return $"model.kv_heads is {KeyValueHeads}, but GPT-2 has as many as model.heads, {Heads}; leave it out or choose family llama.";
        if (Family == ModelFamily.Llama && Heads > 0 && HeadWidth % 2 != 0)
            yield return $"a head is {HeadWidth} wide, but rotary positions need an even width; change model.width or model.heads.";
        if (!(NormEpsilon > 0))
            yield return $"model.norm_epsilon is {NormEpsilon}; it must be above 0.";
        if (Family == ModelFamily.Llama && !(RopeTheta > 0))
            yield return $"model.rope_theta is {RopeTheta}; it must be above 0.";
    }
}
