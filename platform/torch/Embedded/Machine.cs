using System.Globalization;
using System.Runtime.InteropServices;

namespace TorchSharp.Embedded;

/// <summary>What the operating system says of the machine.</summary>
internal static class Machine
{
    private static readonly Lazy<HashSet<string>> Flags = new(ReadFlags);

    public static bool Has(string flag) => Flags.Value.Contains(flag);

    /// <summary>Distinct cores among the processors this process may use; hyper-threads of one core count once.</summary>
    public static int PhysicalCores()
    {
        var cores = new HashSet<string>();
        foreach (var cpu in Allowed())
        {
            var topology = $"/sys/devices/system/cpu/cpu{cpu}/topology";
            try
            {
                cores.Add(File.ReadAllText($"{topology}/physical_package_id").Trim() + ":" + File.ReadAllText($"{topology}/core_id").Trim());
            }
            catch (IOException)
            {
                return Environment.ProcessorCount;
            }
        }

        return Math.Max(1, Math.Min(cores.Count, Environment.ProcessorCount));
    }

    public static string HugePages()
    {
        const string file = "/sys/kernel/mm/transparent_hugepage/enabled";
        if (!File.Exists(file)) return "absent";
        var text = File.ReadAllText(file);
        var from = text.IndexOf('[', StringComparison.Ordinal);
        var to = text.IndexOf(']', StringComparison.Ordinal);
        return from >= 0 && to > from ? text[(from + 1)..to] : text.Trim();
    }

    /// <summary>oneDNN's name for a dnnl_cpu_isa_t.</summary>
    public static string OneDnnIsa(int code) => code switch
    {
        0 => "unknown",
        0x1 => "SSE41",
        0x3 => "AVX",
        0x7 => "AVX2",
        0xF => "AVX2_VNNI",
        0x27 => "AVX512_CORE",
        0x67 => "AVX512_CORE_VNNI",
        0xE7 => "AVX512_CORE_BF16",
        0x3E7 => "AVX512_CORE_AMX",
        _ => "0x" + code.ToString("X", CultureInfo.InvariantCulture),
    };

    private static HashSet<string> ReadFlags()
    {
        var line = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(text => text.StartsWith("flags", StringComparison.Ordinal)) : null;
        return line is null ? [] : [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
    }

    private static IEnumerable<int> Allowed()
    {
        var line = File.ReadLines("/proc/self/status").FirstOrDefault(text => text.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal));
        if (line is null) return Enumerable.Range(0, Environment.ProcessorCount);
        return line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim().Split(',').SelectMany(range =>
        {
            var ends = range.Split('-').Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
            return Enumerable.Range(ends[0], ends[^1] - ends[0] + 1);
        });
    }
}

/// <summary>The C library's own functions: its environment and allocator are what native libraries see.</summary>
internal static partial class Libc
{
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int setenv(string name, string value, int overwrite);

    [LibraryImport("libc")]
    internal static partial int mallopt(int parameter, int value);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint dlopen(string file, int flags);
}

/// <summary>OpenBLAS built with OpenMP shares libtorch's threads; the system's default build brings a second set that fights them.</summary>
internal static class Blas
{
    private static readonly string[] Folders = ["/usr/lib/x86_64-linux-gnu/openblas-openmp", "/usr/lib/aarch64-linux-gnu/openblas-openmp"];
    private static readonly string[] Files = ["libopenblas.so.0", "libblas.so.3", "liblapack.so.3"];

    /// <summary>Loads the three libraries globally, so that libtorch's references bind to them by name; elsewhere it changes nothing.</summary>
    public static void Preload()
    {
        const int now = 2, global = 0x100;
        if (Array.Find(Folders, folder => Files.All(file => File.Exists(Path.Combine(folder, file)))) is not { } found) return;
        foreach (var file in Files) Libc.dlopen(Path.Combine(found, file), now | global);
    }
}
