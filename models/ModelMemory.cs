using ActorTrain.Models.Generation;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Runtime;

namespace ActorTrain.Models;

/// <summary>Estimates a model's memory in bytes from its shape, before anything is allocated.</summary>
/// <remarks>Vectors and copies are exact to a few percent. Activations are counted tensor by tensor, in the order of
/// <see cref="Transformer"/> and with its letters, and multiplied by the measured overhead of the heap, which keeps freed memory in
/// fragments (see <see cref="NativeRuntime"/>).</remarks>
public sealed record ModelMemory(
    ModelOptions Model, Precision Precision = Precision.Float32, bool IsFused = true, Recompute Recompute = Recompute.None)
{
    private const double Float = sizeof(float), FusedSpread = 1.3, ReferenceSpread = 1.9;

    // Constants of native/simd/head.cpp.
    private const double ChunkLogits = 1 << 22, ChunkRows = 64;

    /// <summary>One flat float32 vector: weights, gradients, or a moment.</summary>
    public double Vector => (Critic?.Vector ?? 0) +
        Float * (Matrices + (IsGpt2 ? (double)Model.ContextLength * D + Model.Layers * (Q + D + F + D) + (2.0 * Model.Layers + 1) * D : 0)
        + (2.0 * Model.Layers + 1) * D + (IsScore ? D : Model.TieEmbeddings ? 0 : V * D));

    /// <summary>The packed copy of every matrix for the forward products of the fused kernels.</summary>
    public double Packed => (Critic?.Packed ?? 0) + (IsFused ? Element * (Matrices - (IsScore ? V * D : 0)) : 0);

    /// <summary>The same, and the copy for input gradients, which training has where a step is more than one pass.</summary>
    public double PackedToTrain => 2 * Packed;

    /// <summary>The token embedding, the largest tensor of most models.</summary>
    public double Embedding => Float * V * D;

    /// <summary>Keys and values of one text.</summary>
    public double KeysAndValues(int tokens) =>
        2 * Element * Model.Layers * KeyValueBlocks.Size * KeyValueBlocks.Of(tokens) * Model.KeyValueHeads * Model.HeadWidth;

    /// <summary>Peak of a forward and backward pass over sequences of the context's length.</summary>
    public double Training(int sequences)
    {
        var rows = (double)sequences * Model.ContextLength;
        return IsFused
            ? FusedSpread * (rows * (Model.Layers * Kept + Recomputed + Float * 3 * D + Element * (3 * D + Math.Max(Gates * F, Q)))
                + Logits(rows, hasGradient: true))
            : ReferenceSpread * rows * Float * (Model.Layers * ReferenceLayer + 3 * V);
    }

    /// <summary>Peak of an evaluation of sequences of the context's length.</summary>
    public double Evaluation(int sequences)
    {
        var rows = (double)sequences * Model.ContextLength;
        return IsFused
            ? FusedSpread * (rows * (Float * 2 * D * Model.Layers + FusedLayer) + Logits(rows, hasGradient: false))
            : ReferenceSpread * rows * Float * (Model.Layers * ReferenceLayer + 2 * V);
    }

    /// <summary>Peak of decoding that many texts at once on the fused kernels.</summary>
    public double Decoding(int texts) =>
        IncrementalDecoder.RowsPerPass * (Float * D + Element * (D + Math.Max(Q, Gates * F) + Math.Max(D, F))) + Float * (texts + 4) * V;

    /// <summary>Peak of reading that many tokens at once in reference form.</summary>
    public double Prompt(int tokens) => ReferenceSpread * tokens * Float * (Model.Layers * ReferenceLayer + 2 * V);

    // Its pass begins when that of the policy is over, and needs no more.
    private ModelMemory? Critic => Model.Critic ? this with { Model = Model.ShapeOfCritic() } : null;

    private bool IsGpt2 => Model.Family == ModelFamily.Gpt2;

    private double D => Model.Width;

    private double F => Model.MlpWidth;

    private double V => Model.VocabularySize;

    private double Q => (Model.Heads + 2.0 * Model.KeyValueHeads) * Model.HeadWidth;

    // Gate and up are one matrix.
    private double Gates => IsGpt2 ? 1 : 2;

    private double Element => Precision == Precision.BFloat16 ? Float / 2 : Float;

    private bool IsScore => Model.Output is ModelOutput.Score;

    private double Matrices => Model.Layers * (Q * D + D * D + (Gates + 1) * F * D) + V * D;

    // Saved for the backward: two residual streams in float32; two norms, queries to values, the attention's output, and the MLP before and
    // after its activation.
    private double FusedLayer => Float * 2 * D + AttentionInner + MlpInner;

    private double AttentionInner => Element * (2 * D + Q);

    private double MlpInner => Element * (D + (Gates + 1) * F);

    // Of each layer until its backward.
    private double Kept => FusedLayer - (Recompute == Recompute.None ? 0 : MlpInner) - (Recompute == Recompute.Block ? AttentionInner : 0);

    // For the sublayer whose backward runs.
    private double Recomputed => Recompute switch
    {
        Recompute.None => 0,
        Recompute.Mlp => MlpInner,
        _ => Math.Max(AttentionInner, MlpInner),
    };

    // Every intermediate result lives until the end of the pass. GPT-2: norms, attention and residuals, and eight of the MLP's width.
    // Llama: three per norm, four per rotated head, and keys and values repeated for the heads that share them.
    private double ReferenceLayer => IsGpt2
        ? 8 * D + Q + 8 * F
        : 12 * D + Q + 4 * (Q + D) / 2 + (Model.Heads == Model.KeyValueHeads ? 0 : 2 * D) + 4 * F;

    private double Logits(double rows, bool hasGradient)
    {
        // Of a score, two copies of the rows, normed or not.
        if (IsScore)
            return 2 * Float * rows * D;
        var chunk = Float * V * Math.Min(rows, Math.Max(ChunkRows, ChunkLogits / V));
        return hasGradient
            ? chunk + Math.Min(Element * rows * V, Math.Max(NativeKernels.HeadGradientBytes, Element * ChunkRows * V))
            : chunk;
    }
}
