using System.Runtime.InteropServices;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using static ActorTrain.Models.Kernels.NativeKernels;
using static TorchSharp.torch;

namespace ActorTrain.Models.Layers;

/// <summary>How rows count in a loss: Σ weight · loss − entropy weight · entropy. Tensors are <c>[rows]</c> float32.</summary>
/// <param name="Scale">The weight of every row if there are no <paramref name="Weights"/>; else a factor of the result.</param>
/// <param name="Temperatures">What the logits are divided by; null: 1.</param>
/// <param name="EntropyWeights">Count in the gradient alone; null: 0.</param>
internal sealed record RowWeighing(
    float Scale, Tensor? Weights = null, Tensor? Temperatures = null, Tensor? EntropyWeights = null);

/// <summary>Final norm, output projection and cross-entropy in one, in chunks of rows: no <c>[B·T, V]</c> matrix ever exists.</summary>
/// <remarks>The gradient of the head is computed in the forward, where its logits are: that saves computing them again.</remarks>
internal sealed class FusedLoss : IDisposable
{
    private readonly ParameterSlot headWeight;
    private readonly Activations activations;
    private readonly FusedNorm norm;
    private readonly PackedLinear head;
    private readonly LaneTokenRows? tokenRows;

    /// <param name="tokenRows">Those of the embedding, used if the head is tied to it.</param>
    public FusedLoss(ParameterView parameters, ModelOptions shape, Precision precision, LaneTokenRows tokenRows)
    {
        this.tokenRows = shape.TieEmbeddings ? tokenRows : null;
        activations = new Activations(precision);
        headWeight = parameters[shape.TieEmbeddings ? "tokens.weight" : "head.weight"];
        var bias = shape.Family == ModelFamily.Gpt2 ? parameters["norm.bias"] : null;
        norm = new FusedNorm(parameters["norm.weight"], bias, shape.NormEpsilon, activations);
        head = new PackedLinear(headWeight, bias: null, activations);
    }

    /// <summary>x <c>[B, T, D]</c> float32, targets <c>[B, T]</c> int64 (−1 is skipped) → for each lane, the weighted sum of its tokens'
    /// losses. Where gradients are enabled, that of the head is added at once, so that a backward must follow.</summary>
    public Tensor Apply(Tensor x_BTD, Tensor targets_BT, RowWeighing weighing) =>
        Function.apply(x_BTD, this, targets_BT, weighing, is_grad_enabled());

    /// <summary>The loss of each token, <c>[B·T]</c> float32, without a gradient.</summary>
    /// <param name="entropies">Receives those of the rows' distributions, <c>[B·T]</c> float32; null: they are not wanted.</param>
    public Tensor RowLosses(Tensor x_BTD, Tensor targets_BT, RowWeighing weighing, Tensor? entropies = null)
    {
        var (normed, statistics) = norm.Forward(targets_BT.numel(), x_BTD);
        using (normed)
        using (statistics)
            return RowLosses(normed, targets_BT, weighing, gradient: null, entropies);
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
        FusedKernels.Check(ak_head(
            head.Handle, pass.Rows, pass.Normed, targets, new HeadObjective(Scale: 1), new HeadRows(losses), dx: 0, dw: 0, accumulate: 0,
            lanes: 1, tokenRows: 0));
    }

    public void Dispose() => head.Dispose();

    private (Tensor, Saved) Forward(Tensor x, Tensor targets, RowWeighing weighing, bool recorded)
    {
        var rows = targets.numel();
        var (normed, statistics) = norm.Forward(rows, x);
        var gradient = recorded ? activations.Empty(rows, headWeight.Entry.Shape[1]) : null;
        var sums = new float[headWeight.Lanes];
        using (normed)
        using (var losses = RowLosses(normed, targets, weighing, gradient, entropies: null))
        {
            var all = MemoryMarshal.Cast<byte, float>(losses.bytes);
            var weights = weighing.Weights is { } given ? MemoryMarshal.Cast<byte, float>(given.bytes) : default;
            var rowsOfLane = all.Length / sums.Length;
            for (var lane = 0; lane < sums.Length; lane++)
            {
                double sum = 0;
                for (var row = lane * rowsOfLane; row < (lane + 1) * rowsOfLane; row++)
                    sum += weights.IsEmpty ? all[row] : (double)weights[row] * all[row];
                sums[lane] = (float)(sum * weighing.Scale);
            }
        }

        return (tensor(sums), new Saved(x.alias(), statistics, gradient));
    }

    private Tensor RowLosses(Tensor normed, Tensor targets, RowWeighing weighing, Tensor? gradient, Tensor? entropies)
    {
        var losses = empty(targets.numel(), dtype: float32);
        FusedKernels.Check(ak_head(
            head.Handle, targets.numel(), normed.Address(), targets.Address(),
            new HeadObjective(
                weighing.Scale, Weights: AddressOf(weighing.Weights), Temperatures: AddressOf(weighing.Temperatures),
                EntropyWeights: AddressOf(weighing.EntropyWeights)),
            new HeadRows(losses.Address(), Entropy: AddressOf(entropies)),
            AddressOf(gradient), gradient is null ? 0 : headWeight.GradientAddress,
            gradient is null ? 0 : headWeight.BeginGradient(), headWeight.Lanes, tokenRows?.Handle ?? 0));
        head.NoteCopies();
        return losses;
    }

    private static nint AddressOf(Tensor? tensor) => tensor?.Address() ?? 0;

    private sealed record Saved(Tensor X, NormStatistics Statistics, Tensor? Gradient) : IDisposable
    {
        public void Dispose()
        {
            X.Dispose();
            Statistics.Dispose();
            Gradient?.Dispose();
        }
    }

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(FusedLoss);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var layer = (FusedLoss)vars[1];
            var (loss, saved) = layer.Forward((Tensor)vars[0], (Tensor)vars[2], (RowWeighing)vars[3], recorded: (bool)vars[4]);
            FusedSaving.Keep(ctx, layer, saved, recorded: (bool)vars[4]);
            return loss;
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            // The scale is applied in the forward, where it costs nothing; so the incoming gradient must be 1.
            using var incoming = grad_output.contiguous();
            if (MemoryMarshal.Cast<byte, float>(incoming.bytes).ContainsAnyExcept(1f))
                throw new InvalidOperationException("The fused loss must be the end of the graph: "
                    + "pass the scale to Loss instead of multiplying its result.");
            var (layer, saved) = FusedSaving.Take<FusedLoss, Saved>(ctx);
            using (saved)
            {
                var dNormed = saved.Gradient!;
                var dx = layer.norm.Backward(dNormed.shape[0], saved.X, saved.Statistics, dNormed, residualGradient: null);
                return [dx, null!, null!, null!, null!];
            }
        }
    }
}
