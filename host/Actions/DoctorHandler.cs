using ActorTrain.Host.Commands;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Diagnostics;
using ActorTrain.Host.Platform;
using ActorTrain.Host.Pretraining;
using ActorTrain.Models;
using ActorTrain.Models.Kernels;
using static TorchSharp.torch;

namespace ActorTrain.Host.Actions;

/// <summary><c>actortrain doctor</c>: what was found, what was chosen, and the rate of matrix products that it reaches.</summary>
internal static class DoctorHandler
{
    public static int Run(DoctorRequest request, CommandContext context)
    {
        var environment = NumericEnvironment.Choose(NumericsMode.Fast, "cpu", threads: 0);
        var platform = TensorPlatform.Describe();
        var report = new DoctorReport(
            [
                .. platform.Found,
                new Finding("cores", $"{Environment.ProcessorCount}", FindingState.Good),
                FusedKernels.IsAvailable
                    ? new Finding("fused kernels", FusedKernels.Description, FindingState.Good)
                    : new Finding("fused kernels", "none, so layers run in composed form", FindingState.Warning, FusedKernels.Missing),
                cuda.is_available()
                    ? new Finding("CUDA", $"{cuda.device_count()} devices", FindingState.Good)
                    : new Finding("CUDA", "none, training runs on the CPU", FindingState.Good),
            ],
            [
                .. platform.Choices,
                new Chosen("threads per trainer", $"{environment.Threads}", "one per core"),
            ],
            [
                Rate("float32", Precision.Float32),
                Rate("bfloat16", Precision.BFloat16),
            ]);
        return report.Write(request, context);
    }

    private static GemmRate Rate(string kind, Precision precision) => new(
        FusedKernels.IsAvailable ? $"{kind}, fused kernels" : $"{kind}, libtorch",
        "2048 × 1024 × 1024",
        Models.Numerics.GemmRate.Measure(precision) / 1e9);
}
