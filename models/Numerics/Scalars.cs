using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Numerics;

/// <summary>Scalars for tensor operations, and operations for which TorchSharp would make temporary ones.</summary>
/// <remarks>TorchSharp keeps a scalar alive until it has read its handle, but libtorch reads the value after that: a temporary one may be
/// collected in between, and libtorch then throws or computes with garbage. So each scalar is in a field, or in a variable that is disposed
/// of after the operation.</remarks>
internal static class Scalars
{
    /// <summary>1, also as the factor that an addition multiplies its right operand by.</summary>
    public static readonly Scalar One = 1;

    public static Tensor Plus(this Tensor left, Tensor right) => left.add(right, One);
}
