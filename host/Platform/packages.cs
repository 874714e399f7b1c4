using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using ActorTrain.Host.Diagnostics;
using static TorchSharp.torch;

namespace ActorTrain.Host.Platform;

/// <summary>The tensor platform of the packages: TorchSharp and the libtorch it brings, which carries its own BLAS.</summary>
internal static partial class TensorPlatform
{
    private static bool isPortable;

    /// <summary>Sets what native code reads from its environment; before the first tensor.</summary>
    /// <param name="portable">Whether to pin kernels that all x86-64-v3 machines share.</param>
    /// <param name="threads">Threads per trainer.</param>
    public static void Configure(bool portable, int threads)
    {
        isPortable = portable;
        if (portable)
        {
            Set("ATEN_CPU_CAPABILITY", "avx2");
            Set("ONEDNN_MAX_CPU_ISA", "AVX2");
            Set("MKL_CBWR", "AVX2,STRICT");
        }

        _ = SetEnvironment("GOMP_SPINCOUNT", "1000", overwrite: 0);
        set_num_threads(threads);
    }

    /// <summary>What was found and chosen.</summary>
    public static TensorPlatformReport Describe() => new(
        __version__,
        Blas: "libtorch's own",
        OneDnn: "libtorch's own",
        Aten: isPortable ? "avx2" : Avx512F.IsSupported ? "best of avx512" : Avx2.IsSupported ? "best of avx2" : "baseline",
        [new Finding("libtorch", $"{__version__} of the TorchSharp package", FindingState.Good)],
        isPortable ? [new Chosen("instruction set", "avx2", "numerics: portable")] : []);

    // The runtime's own copy of the environment is not what native code sees.
    private static void Set(string name, string value) => _ = SetEnvironment(name, value, overwrite: 1);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
