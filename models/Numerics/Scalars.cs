using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Numerics;

/// <summary>Numbers for tensor operations, and operations of which TorchSharp would make numbers of its own.</summary>
/// <remarks>TorchSharp keeps a number alive until it has read its handle, but libtorch reads the number after that: one that nobody else
/// holds may be collected in between, and libtorch then throws or computes with whatever lies there. So each number stands in a field, or
/// in a variable that is disposed of behind the operation.</remarks>
internal static class Scalars
{
    /// <summary>1, also as the factor that an addition multiplies its right operand by.</summary>
    public static readonly Scalar One = 1;

    public static Tensor Plus(this Tensor left, Tensor right) => left.add(right, One);
}
