using System.Runtime.InteropServices;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models.Layers;

/// <summary>Final norm and a linear layer of width D → 1, for some rows of the residual stream: w·norm(x) + b, in float32 whatever the
/// precision of products.</summary>
/// <remarks>Products of two float32 are exact in double, and are added from b in the order of D, so a score's bits are those of its own row
/// on every machine. Gradients of w and b add rows in the order given.</remarks>
internal sealed class FusedScore
{
    private readonly ParameterSlot weight;
    private readonly ParameterSlot bias;
    private readonly FusedNorm norm;
    private readonly int width;

    public FusedScore(ParameterView parameters, ModelOptions shape)
    {
        weight = parameters[ModelLayout.ScoreWeight];
        bias = parameters[ModelLayout.ScoreBias];
        width = shape.Width;
        var normBias = shape.Family == ModelFamily.Gpt2 ? parameters["norm.bias"] : null;
        norm = new FusedNorm(parameters["norm.weight"], normBias, shape.NormEpsilon, new Activations(Precision.Float32));
    }

    /// <summary>x <c>[B, T, D]</c> float32 → the scores of some of its B·T rows, <c>[rows]</c> float32.</summary>
    /// <param name="rows">Each at most once.</param>
    public Tensor Apply(Tensor x_BTD, long[] rows) => Function.apply(x_BTD, this, rows, is_grad_enabled());

    private (Tensor Scores, Saved Saved) Forward(Tensor x_BTD, long[] rows)
    {
        var x = empty(rows.Length, width, dtype: float32);
        for (var row = 0; row < rows.Length; row++)
            Row(x_BTD, rows[row]).CopyTo(Row(x, row));
        var (normed, statistics) = norm.Forward(rows.Length, x);
        var scores = empty(rows.Length, dtype: float32);
        var w = Row(weight.Parameter, 0);
        for (var row = 0; row < rows.Length; row++)
        {
            var value = Row(normed, row);
            double sum = Floats(bias.Parameter)[0];
            for (var i = 0; i < width; i++)
                sum += (double)w[i] * value[i];
            Floats(scores)[row] = (float)sum;
        }

        return (scores, new Saved(x, normed, statistics, rows, x_BTD.shape));
    }

    private Tensor Backward(Saved saved, Tensor slopes)
    {
        if (weight.Lanes > 1)
            throw new InvalidOperationException("Scores have the gradients of one lane at a time.");
        var (rows, dWeight, dBias) = (saved.Rows, new double[width], 0.0);
        using var dNormed = empty(rows.Length, width, dtype: float32);
        var w = Row(weight.Parameter, 0);
        for (var row = 0; row < rows.Length; row++)
        {
            var slope = Floats(slopes)[row];
            var value = Row(saved.Normed, row);
            var to = Row(dNormed, row);
            dBias += slope;
            for (var i = 0; i < width; i++)
            {
                to[i] = slope * w[i];
                dWeight[i] += (double)slope * value[i];
            }
        }

        Add(weight, dWeight);
        Add(bias, [dBias]);
        using var dx = norm.Backward(rows.Length, saved.X, saved.Statistics, dNormed, residualGradient: null);
        var dx_BTD = zeros(saved.Shape, dtype: float32);
        for (var row = 0; row < rows.Length; row++)
            Row(dx, row).CopyTo(Row(dx_BTD, rows[row]));
        return dx_BTD;
    }

    private static void Add(ParameterSlot slot, double[] gradient)
    {
        var to = Floats(slot.Gradient);
        var accumulate = slot.BeginGradient() == 1;
        for (var i = 0; i < gradient.Length; i++)
            to[i] = (float)(accumulate ? to[i] + gradient[i] : gradient[i]);
    }

    // A tensor may be larger than the longest span.
    private unsafe Span<float> Row(Tensor tensor, long row) => new((float*)tensor.Address() + row * width, width);

    private static Span<float> Floats(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);

    private sealed record Saved(Tensor X, Tensor Normed, NormStatistics Statistics, long[] Rows, long[] Shape) : IDisposable
    {
        public void Dispose()
        {
            X.Dispose();
            Normed.Dispose();
            Statistics.Dispose();
        }
    }

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(FusedScore);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var layer = (FusedScore)vars[1];
            var (scores, saved) = layer.Forward((Tensor)vars[0], (long[])vars[2]);
            FusedSaving.Keep(ctx, layer, saved, recorded: (bool)vars[3]);
            return scores;
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var (layer, saved) = FusedSaving.Take<FusedScore, Saved>(ctx);
            using (saved)
            using (var slopes = grad_output.contiguous())
                return [layer.Backward(saved, slopes), null!, null!, null!];
        }
    }
}
