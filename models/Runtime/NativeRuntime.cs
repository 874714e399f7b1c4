using System.Runtime.InteropServices;
using TorchSharp;

namespace ActorTrain.Models.Runtime;

/// <summary>The only place that sets up a process for computing: environment, allocator, MKL, OpenMP, libtorch, kernels.</summary>
/// <remarks>Libraries read their settings when they are loaded, so this precedes the first tensor. Without <see cref="Configure"/>, the
/// first use of the kernels sets up the default.</remarks>
public static partial class NativeRuntime
{
    private const string ProcessLibrary = "actortrain_process";
    private static readonly Lock Gate = new();
    private static volatile bool isConfigured;
    private static bool isPortable;

    /// <summary>Sets up the process. May be repeated.</summary>
    /// <param name="portable">Whether to pin the instruction set common to all x86-64-v3 machines, so that they compute the same bits; else
    /// the fastest code of this CPU.</param>
    /// <exception cref="InvalidOperationException">The process already computes with the other choice.</exception>
    /// <exception cref="UserErrorException">libtorch or the kernels' library cannot be loaded.</exception>
    public static void Configure(bool portable)
    {
        lock (Gate)
        {
            if (isConfigured)
            {
                if (isPortable != portable)
                    throw new InvalidOperationException("The process has already computed; "
                        + "choose the numerics before the first computation.");
                return;
            }

            isPortable = portable;
            SetEnvironment(portable);
            Allocator.Configure();
            LoadLibtorch();
            LoadProcessLibrary();
            _ = torch.get_num_threads();
            _ = LeaveWithoutDestructors();
            FusedKernels.Load(portable);
            isConfigured = true;
        }
    }

    /// <summary>Sets up the default, unless the process is set up.</summary>
    public static void Ensure()
    {
        if (isConfigured)
            return;
        lock (Gate)
        {
            if (!isConfigured)
                Configure(portable: false);
        }
    }

    public static NativeRuntimeReport Describe()
    {
        Ensure();
        var libraries = LoadedLibraries.Read();
        return new NativeRuntimeReport
        {
            Portable = isPortable,
            TorchVersion = torch.__version__,
            TorchPath = libraries.Find("libtorch_cpu.so"),
            LibTorchSharpPath = libraries.Find("libLibTorchSharp.so"),
            Mkl = Text(MklVersion()),
            MklProcessor = Text(MklProcessor()).Replace("Intel(R) ", "", StringComparison.Ordinal),
            MklReproducibility = Text(MklCbwr()),
            OneDnn = Text(OneDnnVersion()).Split('\n')[0].Trim(),
            OneDnnInstructions = Text(OneDnnIsa()),
            AtenCapability = Text(CpuCapability()),
            Kernels = FusedKernels.Description,
            OpenMp = libraries.FindAll("libgomp"),
            SpinCount = Text(Libc.GetEnvironment("GOMP_SPINCOUNT")),
            HugePages = HugePages(),
            Allocator = Allocator.Describe(),
        };
    }

    private static void SetEnvironment(bool portable)
    {
        // A thread that waits for the next parallel region soon frees its core for others.
        SetIfAbsent("GOMP_SPINCOUNT", "1000");

        // Makes libtorch request huge pages for allocations above 2 MiB.
        SetIfAbsent("THP_MEM_ALLOC_ENABLE", "1");
        if (!portable)
            return;

        // Overrides the environment, which may differ between machines.
        Libc.SetEnvironment("ATEN_CPU_CAPABILITY", "avx2", overwrite: 1);
        Libc.SetEnvironment("ONEDNN_MAX_CPU_ISA", "AVX2", overwrite: 1);
        Libc.SetEnvironment("DNNL_MAX_CPU_ISA", "AVX2", overwrite: 1);
        Libc.SetEnvironment("MKL_CBWR", "AVX2,STRICT", overwrite: 1);
    }

    // Native code does not read the runtime's own copy of the environment.
    private static void SetIfAbsent(string name, string value) => _ = Libc.SetEnvironment(name, value, overwrite: 0);

    // TorchSharp would look for it elsewhere, copy what it finds beside the program, and fail in a type initializer.
    private static void LoadLibtorch()
    {
        try
        {
            _ = NativeLibrary.Load(Beside("libLibTorchSharp.so"));
        }
        catch (DllNotFoundException error)
        {
            var reason = error.Message.ReplaceLineEndings("; ").Trim().TrimEnd(';', '.');
            throw new UserErrorException($"libtorch cannot be loaded ({reason}); raise the memory limit of the process (ulimit -v), "
                + $"or rebuild with 'make build'.", error);
        }
    }

    private static void LoadProcessLibrary()
    {
        var path = Beside($"lib{ProcessLibrary}.so");
        if (Libc.Open(path, Libc.Now | Libc.Global) == 0)
            throw new UserErrorException($"{path} cannot be loaded; build it with 'make build'.");
    }

    private static string Beside(string file) => Path.Combine(Path.GetDirectoryName(typeof(NativeRuntime).Assembly.Location)!, file);

    // The active choice is in brackets.
    private static string HugePages()
    {
        const string file = "/sys/kernel/mm/transparent_hugepage/enabled";
        return File.Exists(file) ? File.ReadAllText(file).Split('[', ']')[1] : "absent";
    }

    private static string Text(nint text) => Marshal.PtrToStringUTF8(text) ?? "";

    [LibraryImport(ProcessLibrary, EntryPoint = "process_leave_without_destructors")]
    private static partial int LeaveWithoutDestructors();

    [LibraryImport(ProcessLibrary, EntryPoint = "process_cpu_capability")]
    private static partial nint CpuCapability();

    [LibraryImport(ProcessLibrary, EntryPoint = "process_mkl_version")]
    private static partial nint MklVersion();

    [LibraryImport(ProcessLibrary, EntryPoint = "process_mkl_processor")]
    private static partial nint MklProcessor();

    [LibraryImport(ProcessLibrary, EntryPoint = "process_mkl_cbwr")]
    private static partial nint MklCbwr();

    [LibraryImport(ProcessLibrary, EntryPoint = "process_onednn_version")]
    private static partial nint OneDnnVersion();

    [LibraryImport(ProcessLibrary, EntryPoint = "process_onednn_isa")]
    private static partial nint OneDnnIsa();
}
