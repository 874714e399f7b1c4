using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace ActorTrain.Host.Platform;

/// <summary>What was found and chosen under the tensors.</summary>
internal sealed record TensorPlatformReport(string Platform, string Libtorch, string Blas, string OneDnn, string Aten, string Allocator, string Library);

/// <summary>The tensor platform of the packages: TorchSharp and the libtorch it brings, which carries its own BLAS.</summary>
internal static partial class TensorPlatform
{
    /// <summary>Sets what native code reads from its environment; before the first tensor.</summary>
    public static void Configure(bool portable, int threads)
    {
        // The runtime's own copy of the environment is not what native code sees.
        if (portable)
        {
            Set("ATEN_CPU_CAPABILITY", "avx2");
            Set("ONEDNN_MAX_CPU_ISA", "AVX2");
            Set("MKL_CBWR", "AVX2,STRICT");
        }

        Set("GOMP_SPINCOUNT", "1000");
        set_num_threads(threads);
    }

    public static TensorPlatformReport Describe() =>
        new("packages", __version__, "libtorch's own", "libtorch's own", Environment.GetEnvironmentVariable("ATEN_CPU_CAPABILITY") ?? "best", "system", "TorchSharp package");

    private static void Set(string name, string value) => _ = SetEnvironment(name, value, overwrite: 0);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
