using ActorTrain.Models.Kernels;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using static ActorTrain.Models.Kernels.NativeKernels;
using static TorchSharp.torch;

namespace ActorTrain.Models.Layers;

/// <summary>The attention sublayer, x + output(attend(qkv(norm(x)))), forward and backward on the fused CPU kernels.</summary>
/// <remarks>Time × time is never stored (Dao et al. 2022). Parameter gradients are written directly to the flat gradient.</remarks>
internal sealed class FusedAttention : FusedSublayer
{
    private readonly ModelOptions shape;
    private readonly Activations activations;
    private readonly FusedNorm norm;
    private readonly PackedLinear qkv;
    private readonly PackedLinear output;
    private readonly RotaryTable? rotary;

    public FusedAttention(
        ParameterView parameters, string name, ModelOptions shape, Precision precision, RotaryTable? rotary, Recompute recompute)
        : base(recomputes: recompute == Recompute.Block)
    {
        this.shape = shape;
        this.rotary = rotary;
        activations = new Activations(precision);
        var biases = shape.Family == ModelFamily.Gpt2;
        norm = new FusedNorm(parameters[$"{name}.norm.weight"], Bias("norm"), shape.NormEpsilon, activations);
        qkv = new PackedLinear(parameters[$"{name}.qkv.weight"], Bias("qkv"), activations);
        output = new PackedLinear(parameters[$"{name}.output.weight"], Bias("output"), activations);

        ParameterSlot? Bias(string part) => biases ? parameters[$"{name}.{part}.bias"] : null;
    }

    public override void Dispose()
    {
        qkv.Dispose();
        output.Dispose();
    }

    private double Scale => 1 / Math.Sqrt(shape.HeadWidth);

    private long QkvWidth => (shape.Heads + 2L * shape.KeyValueHeads) * shape.HeadWidth;

    /// <summary>x += output(attend(qkv(norm(x)))) for the rows of a pass, which also see what their texts have cached.</summary>
    public void Decode(DecodingPass pass, int layer)
    {
        norm.Decode(pass);
        qkv.Forward(pass.Rows, pass.Normed, residual: 0, pass.Wide, activations.Code);
        Rotate(pass.Rows, pass.Wide, pass.Positions, shape.ContextLength, inverse: 0);
        pass.Attend(layer, shape.Heads, Scale);
        output.Forward(pass.Rows, pass.Narrow, pass.X, pass.X, Activations.Float32Code);
    }

    protected override IDisposable Inner(Tensor x, TextRows texts)
    {
        var rows = texts.Rows;
        var (normed, statistics) = norm.Forward(rows, x);
        var queriesKeysValues = qkv.Forward(rows, normed);
        Rotate(rows, queriesKeysValues.Address(), texts, inverse: 0);
        var attended = activations.Empty(rows, (long)shape.Heads * shape.HeadWidth);
        var lse = empty(shape.Heads, rows, dtype: float32);
        FusedKernels.Check(ak_attention_forward(
            rows, shape.Heads, shape.KeyValueHeads, shape.HeadWidth, queriesKeysValues.Address(), Scale, texts.Segments,
            default(AttentionMask), attended.Address(), lse.Address(), activations.Code));
        return new Tensors(normed, statistics, queriesKeysValues, attended, lse);
    }

    protected override Tensor Output(Tensor x, IDisposable inner) =>
        output.ForwardOnto(x, x.shape[0] * x.shape[1], ((Tensors)inner).Attended);

    protected override Tensor Backward(Tensor x, IDisposable inner, TextRows texts, Tensor dy)
    {
        var saved = (Tensors)inner;
        var rows = texts.Rows;
        using var dyConverted = activations.Convert(dy);
        using var dAttended = output.Backward(rows, saved.Attended, dyConverted);
        using var dQkv = activations.Empty(rows, QkvWidth);
        FusedKernels.Check(ak_attention_backward(
            rows, shape.Heads, shape.KeyValueHeads, shape.HeadWidth, saved.Qkv.Address(), saved.Attended.Address(), saved.Lse.Address(),
            dAttended.Address(), Scale, texts.Segments, default(AttentionMask), dQkv.Address(), activations.Code));
        Rotate(rows, dQkv.Address(), texts, inverse: 1);
        using var dNormed = qkv.Backward(rows, saved.Normed, dQkv);
        return norm.Backward(rows, x, saved.Statistics, dNormed, residualGradient: dy);
    }

    private void Rotate(long rows, nint x, TextRows texts, int inverse) =>
        Rotate(rows, x, texts.Positions, texts.Length ?? shape.ContextLength, inverse);

    // Without positions, row r is at position r mod the number of positions.
    private void Rotate(long rows, nint x, nint positions, long count, int inverse)
    {
        if (rotary is not null)
        {
            // Queries and keys are adjacent, so one call rotates both.
            FusedKernels.Check(ak_rope(
                rows, shape.Heads + shape.KeyValueHeads, shape.HeadWidth, QkvWidth, x, positions, count,
                rotary.Cos.Address(), rotary.Sin.Address(), inverse, activations.Code));
        }
    }

    private sealed record Tensors(Tensor Normed, NormStatistics Statistics, Tensor Qkv, Tensor Attended, Tensor Lse) : IDisposable
    {
        public void Dispose()
        {
            Normed.Dispose();
            Statistics.Dispose();
            Qkv.Dispose();
            Attended.Dispose();
            Lse.Dispose();
        }
    }
}
