using ActorTrain.Models.Runtime;

namespace ActorTrain.Bench;

internal static class Machine
{
    private static readonly string[] Instructions = ["avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16"];

    public static void Print()
    {
        var facts = File.ReadLines("/proc/cpuinfo").TakeWhile(static line => line.Length > 0)
            .Select(static line => line.Split(':', 2, StringSplitOptions.TrimEntries))
            .Where(static pair => pair.Length == 2).ToDictionary(static pair => pair[0], static pair => pair[1]);
        var flags = facts.GetValueOrDefault("flags", "").Split(' ').ToHashSet();
        var native = NativeRuntime.Describe();
        Console.WriteLine(
            $"{facts.GetValueOrDefault("model name")}, family {facts.GetValueOrDefault("cpu family")}, model "
                + $"{facts.GetValueOrDefault("model")}: {string.Join(' ', Instructions.Where(flags.Contains))}; "
                + $"{Environment.ProcessorCount} cores");
        Console.WriteLine(
            $"libtorch {native.TorchVersion} (ATen {native.AtenCapability}), kernels {native.Kernels}, allocator {native.Allocator}, "
                + $"{Environment.ProcessorCount} threads");
    }
}
