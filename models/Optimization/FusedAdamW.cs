using ActorTrain.Models.Kernels;
using ActorTrain.Models.Runtime;
using static TorchSharp.torch;

namespace ActorTrain.Models.Optimization;

/// <summary>AdamW on the fused CPU kernel, which also computes the checksums.</summary>
internal sealed class FusedAdamW : IAdamWForm
{
    public double Apply(AdamWPlan plan, Tensor w, Tensor g, Tensor m, Tensor v, UpdateChecksums? checksums) =>
        Run(plan, w, g, m, v, checksums, isPreview: false);

    public double Preview(AdamWPlan plan, Tensor w, Tensor g, Tensor m, Tensor v, UpdateChecksums? checksums) =>
        Run(plan, w, g, m, v, checksums, isPreview: true);

    public double Ratio(AdamWConstants constants, Tensor g, Tensor v, double clip)
    {
        var squares = NativeKernels.ak_adamw_ratio(g.numel(), g.Address(), v.Address(), Native(constants), (float)clip);
        GC.KeepAlive(g);
        GC.KeepAlive(v);
        return squares;
    }

    private static unsafe double Run(AdamWPlan plan, Tensor w, Tensor g, Tensor m, Tensor v, UpdateChecksums? checksums, bool isPreview)
    {
        var constants = Native(plan.Constants);
        var decay = (float)plan.Constants.Options.WeightDecay;
        NativeKernels.AdamWRange[] ranges =
            [.. plan.Parts.Select(part => new NativeKernels.AdamWRange(
                part.Range.End, (float)part.Clip, (float)part.Rate, part.Range.Decays ? decay : 0))];
        var room = checksums is null ? default : checksums.All;
        double squares;
        fixed (NativeKernels.AdamWRange* first = ranges)
        fixed (ulong* found = room)
        {
            FusedKernels.Check(isPreview
                ? NativeKernels.ak_adamw_preview(
                    g.numel(), w.Address(), g.Address(), m.Address(), v.Address(), constants, ranges.Length, first, found, out squares)
                : NativeKernels.ak_adamw(
                    g.numel(), w.Address(), g.Address(), m.Address(), v.Address(), constants, ranges.Length, first, found, out squares));
        }

        GC.KeepAlive(w);
        GC.KeepAlive(g);
        GC.KeepAlive(m);
        GC.KeepAlive(v);
        return squares;
    }

    private static NativeKernels.AdamWConstants Native(AdamWConstants constants) => new(
        (float)constants.Options.Beta1, (float)constants.Options.Beta2, (float)constants.Options.Epsilon,
        (float)constants.Correction1, (float)constants.Correction2, (float)constants.SpikeThreshold);
}
