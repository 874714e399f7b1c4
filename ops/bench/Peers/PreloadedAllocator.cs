using ActorTrain.Models;

namespace ActorTrain.Bench.Peers;

/// <summary>An allocator of Debian's to preload in place of glibc's.</summary>
/// <param name="Variable">The setting with the fewest page faults per training step.</param>
internal sealed record PreloadedAllocator(string Name, string File, string Package, string Variable, string Value)
{
    private const string Libraries = "/usr/lib/x86_64-linux-gnu";

    public static IReadOnlyList<PreloadedAllocator> All { get; } =
    [
        new("tcmalloc", "libtcmalloc_minimal.so.4", "libtcmalloc-minimal4", "THP_MEM_ALLOC_ENABLE", "1"),
        new("mimalloc", "libmimalloc.so.2", "libmimalloc2.0", "MIMALLOC_ALLOW_DECOMMIT", "0"),
    ];

    /// <summary>The environment of a process with it, and with MKL's AVX-512 kernels on all processors.</summary>
    /// <exception cref="UserErrorException">Its package is not installed.</exception>
    public IReadOnlyDictionary<string, string> Environment()
    {
        var library = Path.Combine(Libraries, File);
        if (!System.IO.File.Exists(library))
            throw new UserErrorException($"{library} is missing; install it with: apt-get install {Package}");
        return new Dictionary<string, string>
        {
            ["LD_PRELOAD"] = $"{library} {Path.Combine(AppContext.BaseDirectory, "libactortrain_process.so")}",
            [Variable] = Value,
        };
    }
}
