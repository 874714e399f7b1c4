using TorchSharp.Embedded;
using TorchSharp.Interop;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

// The library as a whole.
public static partial class torch
{
    /// <summary>libtorch's version.</summary>
    public static string __version__ => NativeError.Text(torch_version())!.Split('+')[0];

    /// <summary>Sets how many threads an operation uses.</summary>
    public static void set_num_threads(int num) => LibTorch.set_num_threads(num);
    /// <summary>How many threads an operation uses.</summary>
    public static int get_num_threads() => LibTorch.get_num_threads();
    /// <summary>Sets how many operations may run beside each other; only before the first of them.</summary>
    public static void set_num_interop_threads(int num) => LibTorch.set_num_interop_threads(num).Check();
    /// <summary>How many operations may run beside each other.</summary>
    public static int get_num_interop_threads() => LibTorch.get_num_interop_threads();

    /// <inheritdoc cref="cuda.is_available"/>
    public static bool cuda_is_available() => cuda.is_available();

    /// <summary>NVIDIA GPUs.</summary>
    public static partial class cuda
    {
        /// <summary>Whether a GPU can be used: libtorch was built for CUDA and finds a device.</summary>
        public static bool is_available() => device_count() > 0;

        /// <summary>How many GPUs can be used.</summary>
        public static int device_count() => cuda_device_count();

        /// <summary>Waits until the device has done all it was given.</summary>
        public static void synchronize(Device? device = null) => cuda_synchronize(device?.index ?? -1).Check();

        /// <summary>Seeds the generators of all devices, as <see cref="random.manual_seed"/>.</summary>
        public static void manual_seed(long seed) => random.manual_seed(seed);

        /// <inheritdoc cref="manual_seed"/>
        public static void manual_seed_all(long seed) => random.manual_seed(seed);
    }
}
