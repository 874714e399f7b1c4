using ActorTrain.Models.Kernels;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using static ActorTrain.Models.Kernels.NativeKernels;
using static TorchSharp.torch;

namespace ActorTrain.Models.Layers;

/// <summary>The MLP sublayer, x + down(activation(up(norm(x)))), forward and backward on the fused CPU kernels; GELU or SwiGLU.</summary>
internal sealed class FusedMlp : FusedSublayer
{
    private readonly ModelOptions shape;
    private readonly Activations activations;
    private readonly FusedNorm norm;
    private readonly PackedLinear up;
    private readonly PackedLinear down;

    public FusedMlp(ParameterView parameters, string name, ModelOptions shape, Precision precision, Recompute recompute)
        : base(recomputes: recompute != Recompute.None)
    {
        this.shape = shape;
        activations = new Activations(precision);
        norm = new FusedNorm(parameters[$"{name}.norm.weight"], Bias("norm"), shape.NormEpsilon, activations);
        var first = Gated ? "gate_up" : "up";
        up = new PackedLinear(parameters[$"{name}.{first}.weight"], Bias(first), activations);
        down = new PackedLinear(parameters[$"{name}.down.weight"], Bias("down"), activations);

        ParameterSlot? Bias(string part) => Gated ? null : parameters[$"{name}.{part}.bias"];
    }

    public override void Dispose()
    {
        up.Dispose();
        down.Dispose();
    }

    private bool Gated => shape.Family == ModelFamily.Llama;

    /// <summary>x += down(activation(up(norm(x)))) for the rows of a pass.</summary>
    public void Decode(DecodingPass pass)
    {
        norm.Decode(pass);
        Hidden(pass.Rows, pass.Normed, pass.Wide, pass.Narrow);
        down.Forward(pass.Rows, pass.Narrow, pass.X, pass.X, Activations.Float32Code);
    }

    protected override IDisposable Inner(Tensor x, TextRows texts)
    {
        var rows = x.shape[0] * x.shape[1];
        var (normed, statistics) = norm.Forward(rows, x);
        var before = activations.Empty(rows, Gated ? 2 * shape.MlpWidth : shape.MlpWidth);
        var hidden = activations.Empty(rows, shape.MlpWidth);
        Hidden(rows, normed.Address(), before.Address(), hidden.Address());
        return new Tensors(normed, statistics, before, hidden);
    }

    protected override Tensor Output(Tensor x, IDisposable inner) =>
        down.ForwardOnto(x, x.shape[0] * x.shape[1], ((Tensors)inner).Hidden);

    // GELU is done where the product leaves its tiles; of SwiGLU's two halves, one is elsewhere then.
    private void Hidden(long rows, nint normed, nint before, nint hidden)
    {
        if (!Gated)
        {
            up.ForwardGelu(rows, normed, before, hidden);
            return;
        }

        up.Forward(rows, normed, residual: 0, before, activations.Code);
        FusedKernels.Check(ak_swiglu_forward(rows, shape.MlpWidth, before, hidden, activations.Code));
    }

    protected override Tensor Backward(Tensor x, IDisposable inner, TextRows texts, Tensor dy)
    {
        var saved = (Tensors)inner;
        var rows = dy.shape[0] * dy.shape[1];
        using var dyConverted = activations.Convert(dy);
        using var gradient = down.Backward(rows, saved.Hidden, dyConverted, Gated ? null : saved.Before);
        if (Gated)
        {
            FusedKernels.Check(ak_swiglu_backward(
                rows, shape.MlpWidth, saved.Before.Address(), gradient.Address(), saved.Before.Address(), activations.Code));
        }

        using var dNormed = up.Backward(rows, saved.Normed, Gated ? saved.Before : gradient);
        return norm.Backward(rows, x, saved.Statistics, dNormed, residualGradient: dy);
    }

    private sealed record Tensors(Tensor Normed, NormStatistics Statistics, Tensor Before, Tensor Hidden) : IDisposable
    {
        public void Dispose()
        {
            Normed.Dispose();
            Statistics.Dispose();
            Before.Dispose();
            Hidden.Dispose();
        }
    }
}
