using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Interop;

// native/views.cpp
internal static unsafe partial class LibTorch
{
    [LibraryImport(Library)] internal static partial Tensor tensor_alias(Tensor? a);
    [LibraryImport(Library)] internal static partial Tensor tensor_as_strided(Tensor? a, long* size, long n, long* stride, long m, long offset);
    [LibraryImport(Library)] internal static partial Tensor tensor_broadcast_to(Tensor? a, long* d, long n);
    [LibraryImport(Library)] internal static partial Tensor tensor_clone(Tensor? a);
    [LibraryImport(Library)] internal static partial Tensor tensor_contiguous(Tensor? a);
    [LibraryImport(Library)] internal static partial Tensor tensor_detach(Tensor? a);
    [LibraryImport(Library)] internal static partial Tensor tensor_expand(Tensor? a, long* d, long n, int isImplicit);
    [LibraryImport(Library)] internal static partial Tensor tensor_flatten(Tensor? a, long start, long end);
    [LibraryImport(Library)] internal static partial Tensor tensor_flip(Tensor? a, long* d, long n);
    [LibraryImport(Library)] internal static partial Tensor tensor_narrow(Tensor? a, long dim, long start, long length);
    [LibraryImport(Library)] internal static partial Tensor tensor_permute(Tensor? a, long* d, long n);
    [LibraryImport(Library)] internal static partial Tensor tensor_repeat(Tensor? a, long* d, long n);
    [LibraryImport(Library)] internal static partial Tensor tensor_repeat_interleave(Tensor? a, long repeats, int hasDim, long dim);
    [LibraryImport(Library)] internal static partial Tensor tensor_reshape(Tensor? a, long* d, long n);
    [LibraryImport(Library)] internal static partial Tensor tensor_roll(Tensor? a, long* shifts, long n, long* d, long m);
    [LibraryImport(Library)] internal static partial Tensor tensor_select(Tensor? a, long dim, long index);
    [LibraryImport(Library)] internal static partial Tensor tensor_slice(Tensor? a, long dim, long start, long end, long step);
    [LibraryImport(Library)] internal static partial Tensor tensor_squeeze(Tensor? a);
    [LibraryImport(Library)] internal static partial Tensor tensor_squeeze_dim(Tensor? a, long dim);
    [LibraryImport(Library)] internal static partial Tensor tensor_t(Tensor? a);
    [LibraryImport(Library)] internal static partial Tensor tensor_transpose(Tensor? a, long dim0, long dim1);
    [LibraryImport(Library)] internal static partial Tensor tensor_tril(Tensor? a, long diagonal);
    [LibraryImport(Library)] internal static partial Tensor tensor_triu(Tensor? a, long diagonal);
    [LibraryImport(Library)] internal static partial Tensor tensor_unsqueeze(Tensor? a, long dim);
    [LibraryImport(Library)] internal static partial Tensor tensor_view(Tensor? a, long* d, long n);
    [LibraryImport(Library)] internal static partial Tensor tensor_cat(nint* tensors, long n, long dim);
    [LibraryImport(Library)] internal static partial Tensor tensor_stack(nint* tensors, long n, long dim);
    [LibraryImport(Library)] internal static partial Tensor tensor_to_dtype(Tensor? a, int dtype, int copy);
    [LibraryImport(Library)] internal static partial Tensor tensor_to(Tensor? a, int dtype, int device, int index, int nonBlocking, int copy);
    [LibraryImport(Library)] internal static partial long tensor_chunk(Tensor? a, long chunks, long dim, nint* result, long room);
    [LibraryImport(Library)] internal static partial long tensor_split(Tensor? a, long size, long dim, nint* result, long room);
    [LibraryImport(Library)] internal static partial long tensor_split_sizes(Tensor? a, long* sizes, long n, long dim, nint* result, long room);
    [LibraryImport(Library)] internal static partial long tensor_unbind(Tensor? a, long dim, nint* result, long room);
}
