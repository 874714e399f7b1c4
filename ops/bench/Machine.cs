using System.Globalization;
using ActorTrain.Models.Runtime;

namespace ActorTrain.Bench;

internal static class Machine
{
    private const string Caches = "/sys/devices/system/cpu/cpu0/cache";
    private static readonly string[] Instructions = ["avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16"];

    private static readonly Dictionary<string, string> Facts = File.ReadLines("/proc/cpuinfo").TakeWhile(static line => line.Length > 0)
        .Select(static line => line.Split(':', 2, StringSplitOptions.TrimEntries))
        .Where(static pair => pair.Length == 2).ToDictionary(static pair => pair[0], static pair => pair[1]);

    private static readonly HashSet<string> Flags = [.. Facts.GetValueOrDefault("flags", "").Split(' ')];

    /// <summary>Whether there are instructions for products in bfloat16.</summary>
    public static bool MultipliesBFloat16 => Flags.Contains("avx512_bf16");

    /// <summary>Room of the largest cache, in bytes; 0 where the system does not say.</summary>
    public static long CacheBytes => !Directory.Exists(Caches) ? 0 : Directory.EnumerateFiles(Caches, "size", SearchOption.AllDirectories)
        .Select(static file => 1024 * long.Parse(File.ReadAllText(file).TrimEnd('K', '\n'), CultureInfo.InvariantCulture)).Max();

    public static void Print()
    {
        var native = NativeRuntime.Describe();
        Console.WriteLine(
            $"{Facts.GetValueOrDefault("model name")}, family {Facts.GetValueOrDefault("cpu family")}, model "
                + $"{Facts.GetValueOrDefault("model")}: {string.Join(' ', Instructions.Where(Flags.Contains))}; "
                + $"{Environment.ProcessorCount} cores");
        Console.WriteLine(
            $"libtorch {native.TorchVersion} (ATen {native.AtenCapability}), kernels {native.Kernels}, allocator {native.Allocator}, "
                + $"{Environment.ProcessorCount} threads");
    }
}
