using ActorTrain.Models.Kernels;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using static ActorTrain.Models.Kernels.NativeKernels;
using static TorchSharp.torch;

namespace ActorTrain.Models.Layers;

/// <summary>LayerNorm (with a bias) or RMSNorm (without) over the residual stream, on the fused kernels.</summary>
internal sealed class FusedNorm(ParameterSlot weight, ParameterSlot? bias, double epsilon, Activations activations)
{
    private readonly long width = weight.Entry.Count;

    /// <summary>x <c>[rows, D]</c> float32 → normalised rows of the activations' type, and the statistics for the backward.</summary>
    public (Tensor Normed, NormStatistics Statistics) Forward(long rows, Tensor x)
    {
        var y = activations.Empty(rows, width);
        var rstd = empty(rows, dtype: float32);
        var mean = bias is null ? null : empty(rows, dtype: float32);
        Forward(rows, x.Address(), y.Address(), mean?.Address() ?? 0, rstd.Address());
        return (y, new NormStatistics(mean, rstd));
    }

    /// <summary>The same between addresses; RMSNorm has no mean.</summary>
    public void Forward(long rows, nint x, nint y, nint mean, nint rstd) => FusedKernels.Check(bias is null
        ? ak_rms_norm_forward(rows, width, x, weight.WeightAddress, epsilon, y, activations.Code, rstd)
        : ak_layer_norm_forward(
            rows, width, x, weight.WeightAddress, bias.WeightAddress, epsilon, y, activations.Code, mean, rstd));

    /// <summary>Normalises the rows of a pass.</summary>
    public void Decode(DecodingPass pass) => Forward(pass.Rows, pass.X, pass.Normed, pass.Mean, pass.ReciprocalDeviation);

    /// <summary>Gradient of x through the norm plus <paramref name="residualGradient"/> (if not null), shaped as x.</summary>
    public Tensor Backward(long rows, Tensor x, NormStatistics statistics, Tensor dy, Tensor? residualGradient)
    {
        var dx = empty_like(x);
        var residual = residualGradient?.Address() ?? 0;
        var accumulate = weight.BeginGradient();
        bias?.BeginGradient();
        FusedKernels.Check(bias is null
            ? ak_rms_norm_backward(
                rows, weight.Lanes, width, dy.Address(), activations.Code, x.Address(), weight.WeightAddress,
                statistics.ReciprocalDeviation.Address(), residual, dx.Address(), weight.GradientAddress, accumulate)
            : ak_layer_norm_backward(
                rows, weight.Lanes, width, dy.Address(), activations.Code, x.Address(), weight.WeightAddress, statistics.Mean!.Address(),
                statistics.ReciprocalDeviation.Address(), residual, dx.Address(), weight.GradientAddress, bias.GradientAddress,
                    accumulate));
        return dx;
    }
}

/// <summary>Statistics for a norm's backward: per row the mean (LayerNorm only) and 1 / standard deviation, <c>[rows]</c>
/// float32.</summary>
internal sealed record NormStatistics(Tensor? Mean, Tensor ReciprocalDeviation) : IDisposable
{
    public void Dispose()
    {
        Mean?.Dispose();
        ReciprocalDeviation.Dispose();
    }
}
