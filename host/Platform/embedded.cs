using System.Globalization;
using ActorTrain.Host.Diagnostics;
using TorchSharp.Embedded;

namespace ActorTrain.Host.Platform;

/// <summary>The embedded tensor platform: libtorch of the operating system or of an installed PyTorch, loaded in the way that is fastest here.</summary>
internal static class TensorPlatform
{
    /// <summary>Chooses before the first tensor is made.</summary>
    /// <param name="portable">Whether to pin kernels that all x86-64-v3 machines share.</param>
    /// <param name="threads">Threads per trainer.</param>
    public static void Configure(bool portable, int threads) => TorchRuntime.Configure(new TorchRuntimeOptions { Portable = portable, Threads = threads });

    /// <summary>What was found and chosen.</summary>
    public static TensorPlatformReport Describe()
    {
        var runtime = TorchRuntime.Describe();
        var blas = $"{Path.GetFileName(runtime.BlasPath)} {runtime.BlasCoreType}";
        var tuned = runtime.BlasPath.Contains("openmp", StringComparison.Ordinal);
        return new TensorPlatformReport(
            runtime.LibTorchVersion,
            blas,
            $"{runtime.OneDnnVersion} {runtime.OneDnnIsa}",
            runtime.AtenCapability,
            [
                new Finding("libtorch", $"{runtime.LibTorchVersion}, {runtime.LibTorchPath}", FindingState.Good),
                new Finding(
                    "BLAS", runtime.BlasPath, tuned ? FindingState.Good : FindingState.Warning,
                    tuned ? null : "training is about half as fast without OpenMP OpenBLAS; `make setup` installs libopenblas0-openmp"),
                new Finding("oneDNN", $"{runtime.OneDnnVersion}, {runtime.OneDnnPath}", FindingState.Good),
                new Finding(
                    "bfloat16", runtime.Bfloat16 ? "multiplied in hardware" : "not multiplied in hardware", runtime.Bfloat16 ? FindingState.Good : FindingState.Warning,
                    runtime.Bfloat16 ? null : "choose training.precision: float32"),
            ],
            [
                new Chosen("BLAS core type", runtime.BlasCoreType, runtime.Portable ? "numerics: portable" : "the widest vectors of this CPU"),
                new Chosen("ATen", runtime.AtenCapability, runtime.Portable ? "numerics: portable" : "what this libtorch takes for this CPU"),
                new Chosen("oneDNN", runtime.OneDnnIsa, runtime.Portable ? "numerics: portable" : "the widest vectors of this CPU"),
                new Chosen("allocator", runtime.Allocator, "steps reuse memory instead of asking the system for it"),
                new Chosen("libtorch's threads", runtime.Threads.ToString(CultureInfo.InvariantCulture), "one per core"),
            ]);
    }
}
