using ActorTrain.Models.Kernels;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using static ActorTrain.Models.Kernels.NativeKernels;
using static TorchSharp.torch;

namespace ActorTrain.Models.Layers;

/// <summary>A linear map on the fused kernels: its weights are packed once per version, for all lanes. The copy for the gradient of inputs
/// is kept from a version's second backward pass on, so decoding, and training in a single pass, have none.</summary>
internal sealed class PackedLinear : IWeightCopies, IDisposable
{
    // For the forward product, and for the input gradient.
    private const int Copies = 2;

    private readonly ParameterSlot weight;
    private readonly ParameterSlot? bias;
    private readonly Activations activations;
    private readonly long inputs;
    private readonly long outputs;
    private readonly List<(nint Address, long Count, FlatChecksum Written)> copies = [];
    private nint native;
    private long packedVersion = -1;

    public PackedLinear(ParameterSlot weight, ParameterSlot? bias, Activations activations)
    {
        this.weight = weight;
        this.bias = bias;
        this.activations = activations;
        (outputs, inputs) = (weight.Entry.Shape[0], weight.Entry.Shape[1]);
        native = ak_linear_new(inputs, outputs, activations.Code);
        if (native == 0)
            throw FusedKernels.Failure();
        weight.Copies.Add(this);
    }

    ~PackedLinear() => Free();

    public nint Handle
    {
        get
        {
            if (packedVersion != weight.Version)
            {
                FusedKernels.Check(ak_linear_pack(native, weight.WeightAddress));
                packedVersion = weight.Version;
                copies.Clear();
                NoteCopies();
            }

            return native;
        }
    }

    public IEnumerable<(nint Address, long Count, FlatChecksum Written)> CopiesInUse => packedVersion == weight.Version ? copies : [];

    /// <summary>x·Wᵀ + b; x <c>[rows, in]</c>, result <c>[rows, out]</c>, both of the activations' type.</summary>
    public Tensor Forward(long rows, Tensor x)
    {
        var y = activations.Empty(rows, outputs);
        Forward(rows, x.Address(), residual: 0, y.Address(), activations.Code);
        return y;
    }

    /// <summary>residual + x·Wᵀ + b in float32, shaped as the residual.</summary>
    public Tensor ForwardOnto(Tensor residual, long rows, Tensor x)
    {
        var y = empty_like(residual);
        Forward(rows, x.Address(), residual.Address(), y.Address(), Activations.Float32Code);
        return y;
    }

    /// <summary>x·Wᵀ + b, plus the residual if it is not 0, between addresses; y may be the residual.</summary>
    public void Forward(long rows, nint x, nint residual, nint y, int yCode) =>
        FusedKernels.Check(ak_linear_forward(Handle, rows, x, bias?.WeightAddress ?? 0, residual, y, yCode));

    /// <summary>y = x·Wᵀ + b, and GELU of it; all of the activations' type.</summary>
    public void ForwardGelu(long rows, nint x, nint y, nint active) =>
        FusedKernels.Check(ak_linear_forward_gelu(Handle, rows, x, bias?.WeightAddress ?? 0, y, active));

    /// <summary>Adds this map's parameter gradients to the flat gradient and returns the gradient of x, <c>[rows, in]</c>.</summary>
    /// <param name="beforeGelu">If x is GELU of it: its gradient is returned instead.</param>
    public Tensor Backward(long rows, Tensor x, Tensor dy, Tensor? beforeGelu = null)
    {
        var accumulate = weight.BeginGradient();
        bias?.BeginGradient();
        FusedKernels.Check(ak_linear_weight_gradient(
            Handle, rows, weight.Lanes, dy.Address(), x.Address(), weight.GradientAddress, bias?.GradientAddress ?? 0, accumulate));
        var dx = activations.Empty(rows, inputs);
        FusedKernels.Check(beforeGelu is null
            ? ak_linear_input_gradient(Handle, rows, dy.Address(), dx.Address())
            : ak_linear_input_gradient_gelu(Handle, rows, dy.Address(), beforeGelu.Address(), dx.Address()));
        NoteCopies();
        return dx;
    }

    /// <summary>Computes the checksum of a copy that a kernel has packed since the last call.</summary>
    public void NoteCopies()
    {
        while (copies.Count < Copies && ak_linear_packed(native, copies.Count, out var address) is > 0 and var count)
            copies.Add((address, count, FlatSums.Checksums([address], [count])[0]));
    }

    public void Dispose()
    {
        weight.Copies.Remove(this);
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (native != 0)
            ak_linear_free(native);
        native = 0;
    }
}

/// <summary>The element type of activations between fused layers.</summary>
internal readonly record struct Activations(Precision Precision)
{
    public const int Float32Code = 0;

    public int Code => Precision == Precision.BFloat16 ? 1 : Float32Code;

    public ScalarType Type => Precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;

    public Tensor Empty(long rows, long columns) => empty(rows, columns, dtype: Type);

    /// <summary>A float32 gradient in the activations' type: itself, or a rounded copy.</summary>
    public Tensor Convert(Tensor gradient)
    {
        if (Precision == Precision.Float32)
            return gradient.alias();
        var converted = empty(gradient.shape, dtype: ScalarType.BFloat16);
        FusedKernels.Check(ak_convert(gradient.numel(), gradient.Address(), converted.Address()));
        return converted;
    }
}
