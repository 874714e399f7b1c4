using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Interop;

// native/tensor.cpp
internal static unsafe partial class LibTorch
{
    [LibraryImport(Library)] internal static partial void tensor_free(nint a);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long tensor_numel(nint a);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long tensor_ndim(nint a);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int tensor_dtype(nint a);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int tensor_device_type(nint a);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int tensor_device_index(nint a);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int tensor_is_contiguous(nint a);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int tensor_requires_grad(nint a);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long tensor_element_size(nint a);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long tensor_storage_offset(nint a);
    [LibraryImport(Library), SuppressGCTransition] internal static partial void tensor_shape(nint a, long* result);
    [LibraryImport(Library), SuppressGCTransition] internal static partial void tensor_strides(nint a, long* result);
    [LibraryImport(Library)] internal static partial nint tensor_data(nint a);
    [LibraryImport(Library)] internal static partial Status tensor_item(nint a, ScalarValue* result);
}
