using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Interop;

// native/inplace.cpp
internal static unsafe partial class LibTorch
{
    [LibraryImport(Library)] internal static partial Status tensor_abs_(Tensor? a);
    [LibraryImport(Library)] internal static partial Status tensor_cos_(Tensor? a);
    [LibraryImport(Library)] internal static partial Status tensor_exp_(Tensor? a);
    [LibraryImport(Library)] internal static partial Status tensor_log_(Tensor? a);
    [LibraryImport(Library)] internal static partial Status tensor_neg_(Tensor? a);
    [LibraryImport(Library)] internal static partial Status tensor_reciprocal_(Tensor? a);
    [LibraryImport(Library)] internal static partial Status tensor_rsqrt_(Tensor? a);
    [LibraryImport(Library)] internal static partial Status tensor_sigmoid_(Tensor? a);
    [LibraryImport(Library)] internal static partial Status tensor_sin_(Tensor? a);
    [LibraryImport(Library)] internal static partial Status tensor_sqrt_(Tensor? a);
    [LibraryImport(Library)] internal static partial Status tensor_square_(Tensor? a);
    [LibraryImport(Library)] internal static partial Status tensor_tanh_(Tensor? a);
    [LibraryImport(Library)] internal static partial Status tensor_zero_(Tensor? a);
    [LibraryImport(Library)] internal static partial Status tensor_add_(Tensor? a, Tensor? b, ScalarValue alpha);
    [LibraryImport(Library)] internal static partial Status tensor_add_scalar_(Tensor? a, ScalarValue b, ScalarValue alpha);
    [LibraryImport(Library)] internal static partial Status tensor_sub_(Tensor? a, Tensor? b, ScalarValue alpha);
    [LibraryImport(Library)] internal static partial Status tensor_sub_scalar_(Tensor? a, ScalarValue b, ScalarValue alpha);
    [LibraryImport(Library)] internal static partial Status tensor_mul_(Tensor? a, Tensor? b);
    [LibraryImport(Library)] internal static partial Status tensor_mul_scalar_(Tensor? a, ScalarValue b);
    [LibraryImport(Library)] internal static partial Status tensor_div_(Tensor? a, Tensor? b);
    [LibraryImport(Library)] internal static partial Status tensor_div_scalar_(Tensor? a, ScalarValue b);
    [LibraryImport(Library)] internal static partial Status tensor_pow_(Tensor? a, Tensor? b);
    [LibraryImport(Library)] internal static partial Status tensor_pow_scalar_(Tensor? a, ScalarValue b);
    [LibraryImport(Library)] internal static partial Status tensor_addcmul_(Tensor? a, Tensor? b, Tensor? c, ScalarValue value);
    [LibraryImport(Library)] internal static partial Status tensor_addcdiv_(Tensor? a, Tensor? b, Tensor? c, ScalarValue value);
    [LibraryImport(Library)] internal static partial Status tensor_lerp_(Tensor? a, Tensor? end, Tensor? weight);
    [LibraryImport(Library)] internal static partial Status tensor_lerp_scalar_(Tensor? a, Tensor? end, ScalarValue weight);
    [LibraryImport(Library)] internal static partial Status tensor_fill_(Tensor? a, ScalarValue value);
    [LibraryImport(Library)] internal static partial Status tensor_copy_(Tensor? a, Tensor? source, int nonBlocking);
    [LibraryImport(Library)] internal static partial Status tensor_masked_fill_(Tensor? a, Tensor? mask, ScalarValue value);
    [LibraryImport(Library)] internal static partial Status tensor_index_add_(Tensor? a, long dim, Tensor? index, Tensor? source, ScalarValue alpha);
    [LibraryImport(Library)] internal static partial Status tensor_index_copy_(Tensor? a, long dim, Tensor? index, Tensor? source);
    [LibraryImport(Library)] internal static partial Status tensor_scatter_(Tensor? a, long dim, Tensor? index, Tensor? source);
    [LibraryImport(Library)] internal static partial Status tensor_scatter_add_(Tensor? a, long dim, Tensor? index, Tensor? source);
    [LibraryImport(Library)] internal static partial Status tensor_set_(Tensor? a, Tensor? source);
    [LibraryImport(Library)] internal static partial Status tensor_tril_(Tensor? a, long diagonal);
    [LibraryImport(Library)] internal static partial Status tensor_triu_(Tensor? a, long diagonal);
    [LibraryImport(Library)] internal static partial Status tensor_normal_(Tensor? a, double mean, double std, nint generator);
    [LibraryImport(Library)] internal static partial Status tensor_uniform_(Tensor? a, double low, double high, nint generator);
    [LibraryImport(Library)] internal static partial Status tensor_clamp_(Tensor? a, int hasMin, ScalarValue min, int hasMax, ScalarValue max);
}
