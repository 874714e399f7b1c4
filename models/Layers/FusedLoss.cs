using System.Runtime.InteropServices;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using static ActorTrain.Models.Kernels.NativeKernels;
using static TorchSharp.torch;

namespace ActorTrain.Models.Layers;

/// <summary>Final norm, output projection and cross-entropy in one, in chunks of rows: no <c>[B·T, V]</c> float32 matrix ever
/// exists.</summary>
internal sealed class FusedLoss : IDisposable
{
    // Up to this many logit gradients are kept from the forward; more are recomputed in the backward, which costs one more product with the
    // head.
    private const long KeptElements = 1L << 25;

    private readonly ParameterSlot headWeight;
    private readonly Activations activations;
    private readonly FusedNorm norm;
    private readonly PackedLinear head;

    public FusedLoss(FlatParameters parameters, ModelOptions shape, Precision precision)
    {
        activations = new Activations(precision);
        headWeight = parameters[shape.TieEmbeddings ? "tokens.weight" : "head.weight"];
        var bias = shape.Family == ModelFamily.Gpt2 ? parameters["norm.bias"] : null;
        norm = new FusedNorm(parameters["norm.weight"], bias, shape.NormEpsilon, activations);
        head = new PackedLinear(headWeight, bias: null, activations);
    }

    /// <summary>x <c>[B, T, D]</c> float32, targets <c>[B, T]</c> int64 (−1 is skipped) → <paramref name="scale"/> · sum of the tokens'
    /// losses.</summary>
    public Tensor Apply(Tensor x_BTD, Tensor targets_BT, float scale) => Function.apply(x_BTD, this, targets_BT, scale, is_grad_enabled());

    /// <summary>The loss of each token, <c>[B·T]</c> float32, without a gradient.</summary>
    public Tensor RowLosses(Tensor x_BTD, Tensor targets_BT)
    {
        var (rowLoss, saved) = Rows(x_BTD, targets_BT, scale: 1, recorded: false);
        saved.Dispose();
        return rowLoss;
    }

    /// <summary>Logits of the first rows of a pass, <c>[rows, V]</c> float32.</summary>
    public void Logits(DecodingPass pass, long rows, nint logits)
    {
        norm.Forward(rows, pass.X, pass.Normed, pass.Mean, pass.ReciprocalDeviation);
        head.Forward(rows, pass.Normed, residual: 0, logits, Activations.Float32Code);
    }

    /// <summary>The loss of each row of a pass, <c>[rows]</c> float32.</summary>
    /// <param name="targets">The token after each, <c>[rows]</c> int64; −1 is skipped.</param>
    public void RowLosses(DecodingPass pass, nint targets, nint losses)
    {
        norm.Decode(pass);
        FusedKernels.Check(ak_cross_entropy_forward(
            head.Handle, pass.Rows, pass.Normed, targets, scale: 1, losses, rowLse: pass.ReciprocalDeviation, dLogits: 0));
    }

    public void Dispose() => head.Dispose();

    private (Tensor, Saved) Forward(Tensor x, Tensor targets, float scale, bool recorded)
    {
        var (rowLoss, saved) = Rows(x, targets, scale, recorded);
        double sum = 0;
        using (rowLoss)
        {
            foreach (var loss in MemoryMarshal.Cast<byte, float>(rowLoss.bytes))
                sum += loss;
        }

        return (tensor((float)(sum * scale)), saved);
    }

    private (Tensor RowLoss, Saved) Rows(Tensor x, Tensor targets, float scale, bool recorded)
    {
        var rows = targets.numel();
        var vocabulary = headWeight.Entry.Shape[0];
        var (normed, statistics) = norm.Forward(rows, x);
        var rowLoss = empty(rows, dtype: float32);
        var lse = empty(rows, dtype: float32);
        var dLogits = recorded && rows * vocabulary <= KeptElements ? activations.Empty(rows, vocabulary) : null;
        FusedKernels.Check(ak_cross_entropy_forward(
            head.Handle, rows, normed.Address(), targets.Address(), scale, rowLoss.Address(), lse.Address(), dLogits?.Address() ?? 0));
        return (rowLoss, new Saved(x.alias(), targets.alias(), scale, normed, statistics, lse, dLogits));
    }

    private Tensor Backward(Saved saved)
    {
        var rows = saved.Targets.numel();
        using var dNormed = activations.Empty(rows, headWeight.Entry.Shape[1]);
        FusedKernels.Check(ak_cross_entropy_backward(
            head.Handle, rows, saved.Normed.Address(), saved.Targets.Address(), saved.Scale, saved.Lse.Address(), saved.DLogits?.Address()
                ?? 0,
            dNormed.Address(), headWeight.GradientAddress, headWeight.BeginGradient()));
        return norm.Backward(rows, saved.X, saved.Statistics, dNormed, residualGradient: null);
    }

    private sealed record Saved(
        Tensor X, Tensor Targets, float Scale, Tensor Normed, NormStatistics Statistics, Tensor Lse, Tensor? DLogits) : IDisposable
    {
        public void Dispose()
        {
            X.Dispose();
            Targets.Dispose();
            Normed.Dispose();
            Statistics.Dispose();
            Lse.Dispose();
            DLogits?.Dispose();
        }
    }

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(FusedLoss);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var layer = (FusedLoss)vars[1];
            var (loss, saved) = layer.Forward((Tensor)vars[0], (Tensor)vars[2], (float)vars[3], recorded: (bool)vars[4]);
            FusedSaving.Keep(ctx, layer, saved, recorded: (bool)vars[4]);
            return loss;
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            // The scale is applied in the forward, where it costs nothing; so the incoming gradient must be 1.
            if (grad_output.item<float>() != 1f)
                throw new InvalidOperationException("The fused loss must be the end of the graph: "
                    + "pass the scale to Loss instead of multiplying its result.");
            var (layer, saved) = FusedSaving.Take<FusedLoss, Saved>(ctx);
            using (saved)
                return [layer.Backward(saved), null!, null!, null!, null!];
        }
    }
}
