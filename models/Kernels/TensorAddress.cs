using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace ActorTrain.Models.Kernels;

/// <summary>Addresses of CPU tensors, for kernels that take raw pointers.</summary>
public static unsafe class TensorAddress
{
    /// <summary>Address of the first element of a contiguous CPU tensor. The tensor must be kept alive while the address is used.</summary>
    public static nint Address(this Tensor tensor)
    {
        // Spans end at 2 GiB; a span of the first element serves larger tensors.
        if (tensor.numel() * tensor.element_size() <= int.MaxValue)
            return (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
        using var all = tensor.view(-1);
        using var first = all.narrow(0, 0, 1);
        return (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }
}
