using TorchSharp.Embedded;
using TorchSharp.Interop;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

// The library as a whole.
public static partial class torch
{
    /// <summary>libtorch's version.</summary>
    public static string __version__ => NativeError.Text(torch_version())!.Split('+')[0];

    public static void set_num_threads(int num) => LibTorch.set_num_threads(num);
    public static int get_num_threads() => LibTorch.get_num_threads();
    public static void set_num_interop_threads(int num) => LibTorch.set_num_interop_threads(num).Check();
    public static int get_num_interop_threads() => LibTorch.get_num_interop_threads();

    public static bool cuda_is_available() => cuda.is_available();

    /// <summary>NVIDIA GPUs.</summary>
    public static partial class cuda
    {
        public static bool is_available() => device_count() > 0;

        public static int device_count() => cuda_device_count();

        /// <summary>Waits until the device has done all it was given.</summary>
        public static void synchronize(Device? device = null) => cuda_synchronize(device?.index ?? -1).Check();

        public static void manual_seed(long seed) => random.manual_seed(seed);

        public static void manual_seed_all(long seed) => random.manual_seed(seed);
    }
}
