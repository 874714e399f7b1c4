using ActorTrain.Models.Batches;
using ActorTrain.Models.Numerics;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ActorTrain.Models.Layers;

/// <summary>Losses of rows from their logits <c>[rows, V]</c>, in tensor operations.</summary>
internal static class ReferenceHead
{
    // e^ of it is 0 in float32; that of a logit of −∞ must be multiplied by something finite.
    private static readonly Scalar LeastLog = -128;

    /// <summary>Cross-entropies of targets <c>[B, T]</c> int64, −1 is skipped: <c>[rows]</c>, or their sum.</summary>
    public static Tensor Losses(Tensor logits, Tensor targets_BT, Reduction reduction) => functional.cross_entropy(
        logits, targets_BT.reshape(-1), ignore_index: TokenBatch.NoTarget, reduction: reduction);

    /// <summary>Cross-entropies and entropies, <c>[rows]</c> each; the latter of no meaning without an entropy bonus.</summary>
    public static (Tensor Losses, Tensor Entropies) Rows(Tensor logits, Tensor targets_BT, HeadForm form)
    {
        using Scalar inverse = Temperature.InverseOf(form.Temperature);
        if (form.Temperature != 1)
            logits = logits.mul(inverse);
        var losses = Losses(logits, targets_BT, Reduction.None);
        if (form.EntropyWeights is null)
            return (losses, losses);
        var logs = functional.log_softmax(logits, -1);
        return (losses, logs.exp().mul(logs.clamp(min: LeastLog)).sum(-1).neg());
    }
}
