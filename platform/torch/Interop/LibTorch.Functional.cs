using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Interop;

// native/functional.cpp
internal static unsafe partial class LibTorch
{
    [LibraryImport(Library)] internal static partial Tensor tensor_matmul(Tensor? a, Tensor? b);
    [LibraryImport(Library)] internal static partial Tensor tensor_mm(Tensor? a, Tensor? b);
    [LibraryImport(Library)] internal static partial Tensor tensor_bmm(Tensor? a, Tensor? b);
    [LibraryImport(Library)] internal static partial Tensor tensor_mv(Tensor? a, Tensor? b);
    [LibraryImport(Library)] internal static partial Tensor tensor_dot(Tensor? a, Tensor? b);
    [LibraryImport(Library)] internal static partial Tensor tensor_outer(Tensor? a, Tensor? b);
    [LibraryImport(Library)] internal static partial Tensor tensor_addmm(Tensor? a, Tensor? b, Tensor? c, double beta, double alpha);
    [LibraryImport(Library)] internal static partial Tensor tensor_linear(Tensor? input, Tensor? weight, Tensor? bias);
    [LibraryImport(Library)] internal static partial Tensor tensor_embedding(Tensor? weight, Tensor? input, long paddingIdx, int scaleGradByFreq, int sparse);
    [LibraryImport(Library)] internal static partial Tensor tensor_softmax(Tensor? a, long dim, int dtype);
    [LibraryImport(Library)] internal static partial Tensor tensor_log_softmax(Tensor? a, long dim, int dtype);
    [LibraryImport(Library)] internal static partial Tensor tensor_cross_entropy(Tensor? input, Tensor? target, Tensor? weight, long reduction, long ignoreIndex, double smoothing);
    [LibraryImport(Library)] internal static partial Tensor tensor_mse_loss(Tensor? input, Tensor? target, long reduction);
    [LibraryImport(Library)] internal static partial Tensor tensor_layer_norm(Tensor? input, long* shape, long n, Tensor? weight, Tensor? bias, double eps);
    [LibraryImport(Library)] internal static partial Tensor tensor_gelu(Tensor? a, int tanh);
    [LibraryImport(Library)] internal static partial Tensor tensor_dropout(Tensor? a, double p, int train);
    [LibraryImport(Library)] internal static partial Tensor tensor_one_hot(Tensor? a, long classes);
}
