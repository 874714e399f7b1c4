using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Interop;

// native/creation.cpp
internal static unsafe partial class LibTorch
{
    [LibraryImport(Library)] internal static partial Tensor tensor_empty(long* d, long n, int dtype, int device, int index, int requiresGrad);
    [LibraryImport(Library)] internal static partial Tensor tensor_zeros(long* d, long n, int dtype, int device, int index, int requiresGrad);
    [LibraryImport(Library)] internal static partial Tensor tensor_ones(long* d, long n, int dtype, int device, int index, int requiresGrad);
    [LibraryImport(Library)] internal static partial Tensor tensor_full(long* d, long n, ScalarValue value, int dtype, int device, int index, int requiresGrad);
    [LibraryImport(Library)] internal static partial Tensor tensor_rand(long* d, long n, nint generator, int dtype, int device, int index, int requiresGrad);
    [LibraryImport(Library)] internal static partial Tensor tensor_randn(long* d, long n, nint generator, int dtype, int device, int index, int requiresGrad);
    [LibraryImport(Library)] internal static partial Tensor tensor_randint(long low, long high, long* d, long n, nint generator, int dtype, int device, int index, int requiresGrad);
    [LibraryImport(Library)] internal static partial Tensor tensor_randperm(long count, nint generator, int dtype, int device, int index, int requiresGrad);
    [LibraryImport(Library)] internal static partial Tensor tensor_arange(ScalarValue start, ScalarValue stop, ScalarValue step, int dtype, int device, int index, int requiresGrad);
    [LibraryImport(Library)] internal static partial Tensor tensor_linspace(ScalarValue start, ScalarValue stop, long steps, int dtype, int device, int index, int requiresGrad);
    [LibraryImport(Library)] internal static partial Tensor tensor_eye(long rows, long columns, int dtype, int device, int index, int requiresGrad);
    [LibraryImport(Library)] internal static partial Tensor tensor_empty_like(Tensor? a, int dtype, int device, int index, int requiresGrad);
    [LibraryImport(Library)] internal static partial Tensor tensor_zeros_like(Tensor? a, int dtype, int device, int index, int requiresGrad);
    [LibraryImport(Library)] internal static partial Tensor tensor_ones_like(Tensor? a, int dtype, int device, int index, int requiresGrad);
    [LibraryImport(Library)] internal static partial Tensor tensor_full_like(Tensor? a, ScalarValue value, int dtype, int device, int index, int requiresGrad);
    [LibraryImport(Library)] internal static partial Tensor tensor_from_data(void* data, int source, long* d, long n, int dtype, int device, int index, int requiresGrad);
    [LibraryImport(Library)] internal static partial Tensor tensor_from_memory(nint data, long* d, long n, int dtype, nint context, delegate* unmanaged<nint, void> released);
    [LibraryImport(Library)] internal static partial nint generator_new(ulong seed, int device, int index);
    [LibraryImport(Library)] internal static partial nint generator_default();
    [LibraryImport(Library)] internal static partial void generator_free(nint generator);
    [LibraryImport(Library)] internal static partial Status generator_seed(nint generator, ulong seed);
    [LibraryImport(Library)] internal static partial Status generator_set_state(nint generator, Tensor? state);
    [LibraryImport(Library)] internal static partial Tensor generator_get_state(nint generator);
    [LibraryImport(Library)] internal static partial ulong generator_initial_seed(nint generator);
    [LibraryImport(Library)] internal static partial Status seed_everything(ulong seed);
}
