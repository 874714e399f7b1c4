using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Interop;

// native/attention.cpp
internal static unsafe partial class LibTorch
{
    [LibraryImport(Library)] internal static partial Tensor tensor_attention(Tensor? query, Tensor? key, Tensor? value, Tensor? mask, double p, int isCausal);
}
