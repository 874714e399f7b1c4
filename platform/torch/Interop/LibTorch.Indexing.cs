using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Interop;

// native/indexing.cpp
internal static unsafe partial class LibTorch
{
    [LibraryImport(Library)] internal static partial Tensor tensor_index(Tensor? a, IndexEntry* entries, long n);
    [LibraryImport(Library)] internal static partial Status tensor_index_put_(Tensor? a, IndexEntry* entries, long n, Tensor? value);
    [LibraryImport(Library)] internal static partial Status tensor_index_put_scalar_(Tensor? a, IndexEntry* entries, long n, ScalarValue value);
    [LibraryImport(Library)] internal static partial Tensor tensor_index_select(Tensor? a, long dim, Tensor? index);
    [LibraryImport(Library)] internal static partial Tensor tensor_index_add(Tensor? a, long dim, Tensor? index, Tensor? source, ScalarValue alpha);
    [LibraryImport(Library)] internal static partial Tensor tensor_gather(Tensor? a, long dim, Tensor? index);
    [LibraryImport(Library)] internal static partial Tensor tensor_scatter(Tensor? a, long dim, Tensor? index, Tensor? source);
    [LibraryImport(Library)] internal static partial Tensor tensor_scatter_add(Tensor? a, long dim, Tensor? index, Tensor? source);
    [LibraryImport(Library)] internal static partial Tensor tensor_masked_select(Tensor? a, Tensor? mask);
    [LibraryImport(Library)] internal static partial Tensor tensor_nonzero(Tensor? a);
}
