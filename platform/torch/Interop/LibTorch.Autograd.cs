using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Interop;

// native/autograd.cpp
internal static unsafe partial class LibTorch
{
    [LibraryImport(Library), SuppressGCTransition] internal static partial int grad_mode_enabled();
    [LibraryImport(Library)] internal static partial void grad_mode_set(int enabled);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int inference_mode_enabled();
    [LibraryImport(Library)] internal static partial nint inference_mode_new(int enabled);
    [LibraryImport(Library)] internal static partial void inference_mode_free(nint guard);
    [LibraryImport(Library)] internal static partial int tensor_is_leaf(nint a);
    [LibraryImport(Library)] internal static partial int tensor_retains_grad(nint a);
    [LibraryImport(Library)] internal static partial Status tensor_retain_grad(Tensor? a);
    [LibraryImport(Library)] internal static partial Status tensor_set_requires_grad(Tensor? a, int value);
    [LibraryImport(Library)] internal static partial Status tensor_requires_grad_(Tensor? a, int value);
    [LibraryImport(Library)] internal static partial nint tensor_grad(nint a);
    [LibraryImport(Library)] internal static partial Status tensor_set_grad(nint a, nint grad);
    [LibraryImport(Library)] internal static partial Status tensor_set_data(Tensor? a, Tensor? source);
    [LibraryImport(Library)] internal static partial Status tensor_detach_(Tensor? a);
    [LibraryImport(Library)] internal static partial Status autograd_backward(nint* tensors, long n, nint* grads, long m, int retainGraph, int createGraph, nint* inputs, long k);
    [LibraryImport(Library)] internal static partial Status autograd_grad(nint* outputs, long n, nint* inputs, long k, nint* grads, long m, int retainGraph, int createGraph, int allowUnused, nint* result);
    [LibraryImport(Library)] internal static partial nint tensor_share(nint a);
    [LibraryImport(Library)] internal static partial Status function_add_output(nint outputs, Tensor? output);
    [LibraryImport(Library)] internal static partial Status function_save(nint context, nint* tensors, long n);
    [LibraryImport(Library)] internal static partial Status function_mark_dirty(nint context, nint* tensors, long n);
    [LibraryImport(Library)] internal static partial Status function_mark_non_differentiable(nint context, nint* tensors, long n);
    [LibraryImport(Library)] internal static partial Status function_materialize_grads(nint context, int value);
    [LibraryImport(Library)] internal static partial Status function_saved(nint context, nint* result, long room);
    [LibraryImport(Library)] internal static partial long function_apply(nint* inputs, long n, nint state, ManagedCallbacks* callbacks, nint* result, long room);
}
