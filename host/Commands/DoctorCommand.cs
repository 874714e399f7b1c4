using System.CommandLine;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Diagnostics;
using ActorTrain.Host.Memory;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Models.Runtime;
using ActorTrain.Persistence.Machine;
using static TorchSharp.torch;

namespace ActorTrain.Host.Commands;

internal static class DoctorCommand
{
    public static CliCommand Define()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON instead of tables." };
        var (file, set) = RunArgument.Configuration();
        return new CliCommand<DoctorRequest>("doctor", "Check this machine: libraries, memory, "
            + "chosen kernels and matrix-multiplication throughput.", """
            Run it first on a new machine, and whenever training is slower than before. With a run file, it also says which losses the
            run survives as it is set up, and which certificates expire within 30 days.

            Examples:
              actortrain doctor
              actortrain doctor book.yaml
              actortrain doctor --json > machine.json
            """,
            line => new DoctorRequest(line.GetValue(json), line.GetValue(file), line.GetValue(set) ?? []),
            Run) { file, set, json };
    }

    public static int Run(DoctorRequest request, CommandContext context)
    {
        IReadOnlyList<Finding> setup = request is { RunFile: null, Overrides.Count: 0 } ? []
            : SetupFindings.Of(RunFile.Read(request.RunFile, request.Overrides), context.Time.GetUtcNow());
        var environment = NumericEnvironment.Choose(new ComputeOptions());
        var runtime = NativeRuntime.Describe();
        var faster = FasterPrecision.Measure(environment.Device);
        var report = new DoctorReport(
            [
                new Finding("libtorch", $"{runtime.TorchVersion}, {runtime.TorchPath}", FindingState.Good),
                new Finding("TorchSharp", $"{runtime.LibTorchSharpPath}, {FormOf(runtime.LibTorchSharpPath)}", FindingState.Good),
                new Finding("MKL", runtime.Mkl, FindingState.Good),
                new Finding("oneDNN", runtime.OneDnn, FindingState.Good),
                new Finding("OpenMP", string.Join(", ", runtime.OpenMp), FindingState.Good),
                new Finding("cores", $"{Environment.ProcessorCount}", FindingState.Good),
                AvailableMemory.Read() is { } memory
                    ? new Finding("memory", $"{MemoryPlan.Words(memory.Bytes)} of {MemoryPlan.Words(memory.Of)} available ({memory.Limit})",
                        FindingState.Good)
                    : new Finding("memory", "unknown, so memory checks are disabled", FindingState.Warning),
                FusedKernels.IsAvailable
                    ? new Finding("fused kernels", FusedKernels.Description, FindingState.Good)
                    : new Finding("fused kernels",
                        "none, so layers use the reference (eager) implementation", FindingState.Warning, FusedKernels.Missing),
                cuda.is_available()
                    ? new Finding("CUDA", $"{cuda.device_count()} devices", FindingState.Good)
                    : new Finding("CUDA", "none; training runs on the CPU", FindingState.Good),
                .. setup,
            ],
            [
                new Chosen("ATen", runtime.AtenCapability, runtime.Portable ? "numerics: portable" : "libtorch's choice for this CPU"),
                new Chosen("MKL on AMD", "AVX-512", "MKL would not choose it on its own"),
                new Chosen("allocator", runtime.Allocator, "steps reuse memory instead of asking the system for it"),
                new Chosen("huge pages", $"requested from 2 MiB; system setting: {runtime.HugePages}", "fewer TLB misses"),
                new Chosen("waiting threads", $"GOMP_SPINCOUNT={runtime.SpinCount}", "idle threads yield the core quickly"),
                new Chosen("training.precision: auto", faster.Word, "bfloat16 if its products, below, are over 10 % faster"),
                new Chosen("threads per trainer", $"{environment.Threads}", "one per core"),
            ],
            [
                Rate("float32", faster.Rates[Precision.Float32]),
                Rate("bfloat16", faster.Rates[Precision.BFloat16]),
            ]);
        return report.Write(request.Json, context);
    }

    private static string FormOf(string library)
    {
        var weak = ElfLibrary.Read(library).Needed.Where(static version => version.IsWeak).Select(static version => version.Name).ToList();
        return weak.Count == 0 ? "as packaged" : $"a copy with weak {string.Join(", ", weak)}, because the system's libstdc++ lacks it";
    }

    private static GemmRate Rate(string kind, double rate) => new(
        FusedKernels.IsAvailable ? $"{kind}, fused kernels" : $"{kind}, libtorch",
        "2048 × 1024 × 1024",
        rate / 1e9);
}

public sealed record DoctorRequest(bool Json, string? RunFile, IReadOnlyList<string> Overrides)
{
    public bool Equals(DoctorRequest? other) =>
        other is not null && (Json, RunFile) == (other.Json, other.RunFile) && Overrides.SequenceEqual(other.Overrides);

    public override int GetHashCode() => HashCode.Combine(Json, RunFile);
}
