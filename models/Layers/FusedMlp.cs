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
        up.Forward(pass.Rows, pass.Normed, residual: 0, pass.Wide, activations.Code);
        Activate(pass.Rows, pass.Wide, pass.Narrow);
        down.Forward(pass.Rows, pass.Narrow, pass.X, pass.X, Activations.Float32Code);
    }

    protected override IDisposable Inner(Tensor x, TextRows texts)
    {
        var rows = x.shape[0] * x.shape[1];
        var (normed, statistics) = norm.Forward(rows, x);
        var before = up.Forward(rows, normed);
        var hidden = activations.Empty(rows, shape.MlpWidth);
        Activate(rows, before.Address(), hidden.Address());
        return new Tensors(normed, statistics, before, hidden);
    }

    protected override Tensor Output(Tensor x, IDisposable inner) =>
        down.ForwardOnto(x, x.shape[0] * x.shape[1], ((Tensors)inner).Hidden);

    private void Activate(long rows, nint before, nint hidden) => FusedKernels.Check(Gated
        ? ak_swiglu_forward(rows, shape.MlpWidth, before, hidden, activations.Code)
        : ak_gelu_forward(rows * shape.MlpWidth, before, hidden, activations.Code));

    protected override Tensor Backward(Tensor x, IDisposable inner, TextRows texts, Tensor dy)
    {
        var saved = (Tensors)inner;
        var rows = dy.shape[0] * dy.shape[1];
        using var dyConverted = activations.Convert(dy);
        using var dHidden = down.Backward(rows, saved.Hidden, dyConverted);
        if (Gated)
        {
            FusedKernels.Check(ak_swiglu_backward(
                rows, shape.MlpWidth, saved.Before.Address(), dHidden.Address(), saved.Before.Address(), activations.Code));
        }
        else
        {
            FusedKernels.Check(ak_gelu_backward(
                rows * shape.MlpWidth, saved.Before.Address(), dHidden.Address(), dHidden.Address(), activations.Code));
        }

        using var dNormed = up.Backward(rows, saved.Normed, Gated ? saved.Before : dHidden);
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
