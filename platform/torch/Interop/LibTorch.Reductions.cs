using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Interop;

// native/reduction.cpp
internal static unsafe partial class LibTorch
{
    [LibraryImport(Library)] internal static partial Tensor tensor_sum(Tensor? a, int dtype);
    [LibraryImport(Library)] internal static partial Tensor tensor_sum_dims(Tensor? a, long* d, long n, int keepdim, int dtype);
    [LibraryImport(Library)] internal static partial Tensor tensor_mean(Tensor? a, int dtype);
    [LibraryImport(Library)] internal static partial Tensor tensor_mean_dims(Tensor? a, long* d, long n, int keepdim, int dtype);
    [LibraryImport(Library)] internal static partial Tensor tensor_var(Tensor? a, int unbiased);
    [LibraryImport(Library)] internal static partial Tensor tensor_var_dims(Tensor? a, long* d, long n, int unbiased, int keepdim);
    [LibraryImport(Library)] internal static partial Tensor tensor_std(Tensor? a, int unbiased);
    [LibraryImport(Library)] internal static partial Tensor tensor_std_dims(Tensor? a, long* d, long n, int unbiased, int keepdim);
    [LibraryImport(Library)] internal static partial Tensor tensor_prod(Tensor? a, int dtype);
    [LibraryImport(Library)] internal static partial Tensor tensor_norm(Tensor? a, double p);
    [LibraryImport(Library)] internal static partial Tensor tensor_norm_dim(Tensor? a, double p, long dim, int keepdim);
    [LibraryImport(Library)] internal static partial Tensor tensor_amax(Tensor? a, long* d, long n, int keepdim);
    [LibraryImport(Library)] internal static partial Tensor tensor_amin(Tensor? a, long* d, long n, int keepdim);
    [LibraryImport(Library)] internal static partial Tensor tensor_max(Tensor? a);
    [LibraryImport(Library)] internal static partial Tensor tensor_min(Tensor? a);
    [LibraryImport(Library)] internal static partial Tensor tensor_argmax(Tensor? a);
    [LibraryImport(Library)] internal static partial Tensor tensor_argmax_dim(Tensor? a, long dim, int keepdim);
    [LibraryImport(Library)] internal static partial Tensor tensor_argmin(Tensor? a);
    [LibraryImport(Library)] internal static partial Tensor tensor_argmin_dim(Tensor? a, long dim, int keepdim);
    [LibraryImport(Library)] internal static partial Tensor tensor_argsort(Tensor? a, long dim, int descending);
    [LibraryImport(Library)] internal static partial Tensor tensor_all(Tensor? a);
    [LibraryImport(Library)] internal static partial Tensor tensor_all_dim(Tensor? a, long dim, int keepdim);
    [LibraryImport(Library)] internal static partial Tensor tensor_any(Tensor? a);
    [LibraryImport(Library)] internal static partial Tensor tensor_any_dim(Tensor? a, long dim, int keepdim);
    [LibraryImport(Library)] internal static partial Tensor tensor_cumsum(Tensor? a, long dim, int dtype);
    [LibraryImport(Library)] internal static partial Tensor tensor_logsumexp(Tensor? a, long dim, int keepdim);
    [LibraryImport(Library)] internal static partial Tensor tensor_multinomial(Tensor? a, long samples, int replacement, nint generator);
    [LibraryImport(Library)] internal static partial Status tensor_frexp(Tensor? a, nint* first, nint* second);
    [LibraryImport(Library)] internal static partial Status tensor_max_dim(Tensor? a, long dim, int keepdim, nint* first, nint* second);
    [LibraryImport(Library)] internal static partial Status tensor_min_dim(Tensor? a, long dim, int keepdim, nint* first, nint* second);
    [LibraryImport(Library)] internal static partial Status tensor_sort(Tensor? a, long dim, int descending, int stable, nint* first, nint* second);
    [LibraryImport(Library)] internal static partial Status tensor_topk(Tensor? a, long k, long dim, int largest, int sorted, nint* first, nint* second);
    [LibraryImport(Library)] internal static partial int tensor_equal(Tensor? a, Tensor? b);
    [LibraryImport(Library)] internal static partial int tensor_allclose(Tensor? a, Tensor? b, double rtol, double atol, int equalNan);
}
