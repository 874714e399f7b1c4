using System.Runtime.InteropServices;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using static ActorTrain.Models.Kernels.NativeKernels;
using static TorchSharp.torch;

namespace ActorTrain.Models.Layers;

/// <summary>Token embedding plus learned positions, if the family has them, on the fused CPU kernels.</summary>
/// <remarks>The backward adds rows in order, so its bits do not depend on the number of threads.</remarks>
/// <param name="tokenRows">Shared with the head, if that has the same weight.</param>
/// <param name="shrink">Factor of the token embedding's gradient, except the part from a tied head.</param>
internal sealed class FusedEmbedding(ParameterSlot tokens, ParameterSlot? positions, LaneTokenRows tokenRows, double shrink)
{
    private readonly long vocabulary = tokens.Entry.Shape[0];
    private readonly long width = tokens.Entry.Shape[1];

    /// <summary>tokens <c>[B, T]</c> int64 → <c>[B, T, D]</c> float32.</summary>
    public Tensor Apply(Tensor tokens_BT, TextRows texts) => Function.apply(tokens_BT, this, texts, is_grad_enabled(), tokens.Parameter);

    /// <summary>The rows of a pass.</summary>
    public void Decode(DecodingPass pass) => FusedKernels.Check(ak_embedding_forward(
        1, pass.Rows, width, pass.Tokens, pass.Positions, tokens.WeightAddress, positions?.WeightAddress ?? 0, pass.X));

    private Tensor Forward(Tensor ids, TextRows texts, bool recorded)
    {
        var (batch, time) = (ids.shape[0], ids.shape[1]);
        foreach (var id in MemoryMarshal.Cast<byte, long>(ids.bytes))
        {
            // The kernel does not check ids.
            if ((ulong)id >= (ulong)vocabulary)
                throw new ArgumentOutOfRangeException(nameof(ids), $"Token id {id} is outside the vocabulary of {vocabulary}.");
        }

        if (recorded && tokens.Lanes > 1)
            tokenRows.Begin(tokens.Lanes, ids);
        var x = empty(batch, time, width, dtype: float32);
        FusedKernels.Check(ak_embedding_forward(
            batch, time, width, ids.Address(), texts.Positions, tokens.WeightAddress, positions?.WeightAddress ?? 0, x.Address()));
        return x;
    }

    private void Backward(Tensor ids, TextRows texts, Tensor dx)
    {
        var accumulateTokens = tokens.BeginGradient();
        var accumulatePositions = positions?.BeginGradient() ?? 0;
        if (positions is not null && accumulatePositions == 0)
        {
            // The kernel overwrites the positions of equally long texts, and adds to those of others; the rest must not keep an earlier
            // gradient.
            var overwritten = texts.Length ?? 0;
            using var unused = positions.Gradient.narrow(0, overwritten, positions.Entry.Shape[0] - overwritten);
            unused.zero_();
        }

        FusedKernels.Check(ak_embedding_backward(
            ids.shape[0], ids.shape[1], width, vocabulary, ids.Address(), texts.Positions, dx.Address(), (float)shrink,
            tokens.GradientAddress, positions?.GradientAddress ?? 0, accumulateTokens, texts.Length is null ? 1 : accumulatePositions,
            tokens.Lanes, tokenRows.Handle));
    }

    private sealed record Saved(Tensor Ids, TextRows Texts) : IDisposable
    {
        public void Dispose() => Ids.Dispose();
    }

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(FusedEmbedding);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var layer = (FusedEmbedding)vars[1];
            var ids = ((Tensor)vars[0]).contiguous();
            var (texts, recorded) = ((TextRows)vars[2], (bool)vars[3]);
            var x = layer.Forward(ids, texts, recorded);
            FusedSaving.Keep(ctx, layer, new Saved(ids, texts), recorded);
            return x;
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var (layer, saved) = FusedSaving.Take<FusedEmbedding, Saved>(ctx);
            using (saved)
            using (var dx = grad_output.contiguous())
                layer.Backward(saved.Ids, saved.Texts, dx);

            // The last input is the parameter, which only ties this function into the graph; its gradient is in the flat vector already.
            return [null!, null!, null!, null!, null!];
        }
    }
}
