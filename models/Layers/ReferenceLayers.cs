using ActorTrain.Models.Numerics;
using ActorTrain.Models.Storage;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ActorTrain.Models.Layers;

// The parts of a model in its reference form, in tensor operations.

/// <summary>Rows of a weight.</summary>
internal sealed class ReferenceEmbedding : Module<Tensor, Tensor>
{
    private readonly Parameter weight;

    public ReferenceEmbedding(ParameterSlot weight)
        : base(nameof(ReferenceEmbedding))
    {
        this.weight = weight.Parameter;
        RegisterComponents();
    }

    // Of the two gather operations, each has a deterministic gradient on one kind of device only.
    public override Tensor forward(Tensor ids) => ids.device.type == DeviceType.CPU
        ? weight.index_select(0, ids.reshape(-1)).view([.. ids.shape, weight.shape[1]])
        : weight[ids];

    public Tensor Rows(long from, long count) => weight.narrow(0, from, count);
}

/// <summary>LayerNorm with a bias, or RMSNorm (Zhang &amp; Sennrich 2019) without.</summary>
internal sealed class ReferenceNorm : Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private readonly double epsilon;
    private readonly Scalar addend;

    public ReferenceNorm(ParameterView parameters, string name, ModelOptions shape)
        : base(nameof(ReferenceNorm))
    {
        weight = parameters[$"{name}.weight"].Parameter;
        bias = shape.Family == ModelFamily.Gpt2 ? parameters[$"{name}.bias"].Parameter : null;
        addend = epsilon = shape.NormEpsilon;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x_BTD) => bias is not null
        ? functional.layer_norm(x_BTD, weight.shape, weight, bias, epsilon)
        : x_BTD * (x_BTD * x_BTD).mean([-1], true).add(addend, Scalars.One).rsqrt() * weight;
}

/// <summary>x·Wᵀ + b in the precision of products.</summary>
internal sealed class ReferenceLinear : Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private readonly Precision precision;

    public ReferenceLinear(ParameterSlot weight, ParameterSlot? bias, Precision precision)
        : base(nameof(ReferenceLinear))
    {
        this.weight = weight.Parameter;
        this.bias = bias?.Parameter;
        this.precision = precision;
        RegisterComponents();
    }

    public static ReferenceLinear Of(ParameterView parameters, string name, ModelOptions shape, Precision precision)
    {
        var bias = shape.Family == ModelFamily.Gpt2 ? parameters[$"{name}.bias"] : null;
        return new ReferenceLinear(parameters[$"{name}.weight"], bias, precision);
    }

    public override Tensor forward(Tensor x)
    {
        var type = precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        return functional.linear(x.to(type), weight.to(type), bias?.to(type));
    }
}

/// <summary>Between the two products of an MLP.</summary>
internal static class ReferenceActivation
{
    private static readonly Scalar Slope = Math.Sqrt(8 / Math.PI);
    private static readonly Scalar Cubic = 0.044715;

    // Hendrycks & Gimpel 2016, in the tanh form that GPT-2 was trained with. ½·(1 + tanh z) is written as sigmoid(2z), which keeps its
    // precision where it is small.
    public static Tensor Gelu(Tensor x)
    {
        var wide = x.to(ScalarType.Float32);
        return (wide * wide.Plus(wide.mul(Cubic) * wide * wide).mul(Slope).sigmoid()).to(x.dtype);
    }

    // Shazeer 2020.
    public static Tensor SwiGlu(Tensor gateAndUp)
    {
        var halves = gateAndUp.to(ScalarType.Float32).chunk(2, dim: -1);
        return (functional.silu(halves[0]) * halves[1]).to(gateAndUp.dtype);
    }
}
