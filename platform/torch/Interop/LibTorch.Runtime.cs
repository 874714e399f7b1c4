using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Interop;

// native/runtime.cpp
internal static unsafe partial class LibTorch
{
    [LibraryImport(Library)] internal static partial nint last_error();
    [LibraryImport(Library)] internal static partial void set_num_threads(int count);
    [LibraryImport(Library)] internal static partial int get_num_threads();
    [LibraryImport(Library)] internal static partial Status set_num_interop_threads(int count);
    [LibraryImport(Library)] internal static partial int get_num_interop_threads();
    [LibraryImport(Library)] internal static partial void set_deterministic(int value);
    [LibraryImport(Library)] internal static partial int cuda_device_count();
    [LibraryImport(Library)] internal static partial Status cuda_synchronize(int index);
    [LibraryImport(Library)] internal static partial nint torch_version();
    [LibraryImport(Library)] internal static partial nint torch_configuration();
    [LibraryImport(Library)] internal static partial nint torch_onednn_version();
    [LibraryImport(Library)] internal static partial nint provider_of(byte* symbol);
    [LibraryImport(Library)] internal static partial nint blas_core();
    [LibraryImport(Library)] internal static partial int onednn_isa();
    [LibraryImport(Library)] internal static partial nint torch_library();
    [LibraryImport(Library)] internal static partial int leave_without_destructors();
}
