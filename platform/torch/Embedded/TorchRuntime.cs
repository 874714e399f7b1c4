using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp.Interop;

namespace TorchSharp.Embedded;

/// <summary>How libtorch is loaded. What is null is chosen from the machine; what the environment already says is respected, save in portable mode.</summary>
public sealed record TorchRuntimeOptions
{
    /// <summary>Pins the instruction set that all x86-64-v3 machines share, so that they compute the same bits.</summary>
    public bool Portable { get; init; }

    /// <summary>Threads within an operation; null: one per physical core.</summary>
    public int? Threads { get; init; }

    /// <summary>OpenBLAS's kernels, e.g. <c>SkylakeX</c>.</summary>
    public string? BlasCoreType { get; init; }

    /// <summary>Whether to set the C allocator so that large blocks are kept and not returned to the system at each step.</summary>
    public bool TuneAllocator { get; init; } = true;
}

/// <summary>What was found and chosen.</summary>
/// <param name="LibTorchVersion">e.g. <c>1.13.1</c>.</param>
/// <param name="LibTorchPath">The file of libtorch_cpu.</param>
/// <param name="BlasPath">The file whose sgemm libtorch calls.</param>
/// <param name="BlasCoreType">OpenBLAS's kernels, or "unknown" with another BLAS.</param>
/// <param name="AtenCapability">ATen's vector kernels: DEFAULT, AVX2 or AVX512.</param>
/// <param name="OneDnnVersion">As libtorch reports it; empty when it has none.</param>
/// <param name="OneDnnPath">The file of oneDNN, or "inside libtorch".</param>
/// <param name="OneDnnIsa">The instruction set oneDNN may use.</param>
/// <param name="Bfloat16">Whether the CPU multiplies bfloat16 in hardware.</param>
/// <param name="Threads">Threads within an operation.</param>
/// <param name="Allocator">The C allocator's settings.</param>
/// <param name="ShimPath">The file of the native half of this binding.</param>
/// <param name="Portable">Whether the shared instruction set is pinned.</param>
public sealed record TorchRuntimeDescription(
    string LibTorchVersion, string LibTorchPath, string BlasPath, string BlasCoreType, string AtenCapability, string OneDnnVersion, string OneDnnPath,
    string OneDnnIsa, bool Bfloat16, int Threads, string Allocator, string ShimPath, bool Portable);

/// <summary>Loads libtorch, once, in the way that is fastest on this machine.</summary>
/// <remarks>Libraries read the environment when they are loaded, and the libc's, which <see cref="Environment"/> does not write;
/// so everything here happens before the first native call, and <see cref="Configure"/> is refused after it.</remarks>
public static class TorchRuntime
{
    private const string Shim = "libactortrain_torch.so";
    private static readonly Lock Gate = new();
    private static TorchRuntimeOptions options = new();
    private static nint library;
    private static string shimPath = "";
    private static string allocator = "the system's defaults";

    /// <summary>Chooses before the first tensor is made; without it the defaults apply.</summary>
    /// <exception cref="InvalidOperationException">libtorch is loaded already.</exception>
    public static void Configure(TorchRuntimeOptions chosen)
    {
        ArgumentNullException.ThrowIfNull(chosen);
        if (chosen.Threads is < 1) throw new ArgumentOutOfRangeException(nameof(chosen), "Threads must be at least 1.");
        lock (Gate)
        {
            if (library != 0) throw new InvalidOperationException("libtorch is loaded already; configure it before the first tensor is made.");
            options = chosen;
        }
    }

    /// <summary>Says what was found and chosen, loading libtorch if need be.</summary>
    public static unsafe TorchRuntimeDescription Describe()
    {
        Load();
        fixed (byte* gemm = "sgemm_\0"u8, dnnl = "dnnl_version\0"u8)
        {
            return new TorchRuntimeDescription(
                torch.__version__,
                NativeError.Text(LibTorch.torch_library()) ?? "unknown",
                NativeError.Text(LibTorch.provider_of(gemm)) ?? "inside libtorch",
                NativeError.Text(LibTorch.blas_core()) ?? "unknown",
                Capability(NativeError.Text(LibTorch.torch_configuration())!),
                NativeError.Text(LibTorch.torch_onednn_version())!.Trim(),
                NativeError.Text(LibTorch.provider_of(dnnl)) ?? "inside libtorch",
                Machine.OneDnnIsa(LibTorch.onednn_isa()),
                Machine.Has("avx512_bf16") || Machine.Has("amx_bf16"),
                torch.get_num_threads(),
                allocator,
                shimPath,
                options.Portable);
        }
    }

    /// <summary>The native library's handle; called by the resolver at the first native call.</summary>
    internal static nint Load()
    {
        lock (Gate)
        {
            if (library != 0) return library;
            Environment();
            if (options.TuneAllocator) allocator = Allocator();
            Blas.Preload();
            library = Open();
        }

        Start();
        return library;
    }

    // What reads the environment reads it while being loaded.
    private static void Environment()
    {
        SetIfAbsent("GOMP_SPINCOUNT", "1000");
        SetIfAbsent("THP_MEM_ALLOC_ENABLE", "1");
        if (!options.Portable)
        {
            SetIfAbsent("OPENBLAS_CORETYPE", options.BlasCoreType ?? (Machine.Has("avx512f") ? "SkylakeX" : null));
            return;
        }

        // Pinned whatever the environment says: another machine's says something else.
        Set("OPENBLAS_CORETYPE", "Haswell");
        Set("ATEN_CPU_CAPABILITY", "avx2");
        Set("DNNL_MAX_CPU_ISA", "AVX2");
        Set("ONEDNN_MAX_CPU_ISA", "AVX2");
    }

    private static void SetIfAbsent(string name, string? value)
    {
        if (value is not null && System.Environment.GetEnvironmentVariable(name) is null) Set(name, value);
    }

    private static void Set(string name, string value)
    {
        Libc.setenv(name, value, 1);
        System.Environment.SetEnvironmentVariable(name, value);
    }

    private static string Allocator()
    {
        const int trimThreshold = -1, topPad = -2, mmapMax = -4, arenaMax = -8;
        var set = Libc.mallopt(arenaMax, 1) + Libc.mallopt(mmapMax, 0) + Libc.mallopt(trimThreshold, int.MaxValue) + Libc.mallopt(topPad, 256 << 20);
        return set == 4
            ? $"one arena, no mmap, no trim, top pad 256 MiB; transparent huge pages: {Machine.HugePages()}"
            : "the system's defaults (mallopt refused)";
    }

    private static nint Open()
    {
        var tried = new[] { AppContext.BaseDirectory, Path.GetDirectoryName(typeof(TorchRuntime).Assembly.Location) ?? "." }.Distinct().Select(folder => Path.Combine(folder, Shim)).ToList();
        shimPath = tried.Find(File.Exists) ??
            throw new DllNotFoundException($"The native library {Shim} is missing beside the program ({tried[0]}); run `make setup`, then `make build`.");
        try
        {
            return NativeLibrary.Load(shimPath);
        }
        catch (DllNotFoundException exception)
        {
            throw new DllNotFoundException($"libtorch could not be loaded for {shimPath} ({exception.Message.Split('\n')[0]}); run `make setup`.", exception);
        }
    }

    private static void Start()
    {
        if (LibTorch.leave_without_destructors() == 0) throw new InvalidOperationException("no room for an exit handler in this process");
        LibTorch.set_num_threads(options.Threads ?? Threads());
    }

    private static int Threads() =>
        int.TryParse(System.Environment.GetEnvironmentVariable("OMP_NUM_THREADS"), CultureInfo.InvariantCulture, out var wished) && wished > 0
            ? wished
            : Machine.PhysicalCores();

    private static string Capability(string configuration)
    {
        const string label = "CPU capability usage: ";
        var at = configuration.IndexOf(label, StringComparison.Ordinal);
        return at < 0 ? "unknown" : configuration[(at + label.Length)..].Split('\n', ' ')[0];
    }
}
