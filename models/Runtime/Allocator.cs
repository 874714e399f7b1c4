namespace ActorTrain.Models.Runtime;

internal static class Allocator
{
    // mallopt(3), <malloc.h>.
    private const int TrimThreshold = -1, TopPad = -2, MmapMax = -4;
    private const int TopPadBytes = 256 << 20;
    private static readonly string[] Others = ["libmimalloc", "libtcmalloc", "libjemalloc"];
    private static string settings = "defaults";

    /// <summary>Makes glibc's allocator keep freed memory, so that steps reuse it; leaves a preloaded allocator unchanged.</summary>
    public static void Configure()
    {
        if (Preloaded().Length > 0)
            return;
        var accepted =
            Libc.SetAllocator(MmapMax, 0) + Libc.SetAllocator(TrimThreshold, int.MaxValue) + Libc.SetAllocator(TopPad, TopPadBytes);
        settings = accepted == 3 ? $"no mmap, no trim, top pad {TopPadBytes >> 20} MiB" : "defaults (mallopt refused)";
    }

    public static string Describe() =>
        Preloaded() is { Length: > 0 } library ? $"{Path.GetFileName(library)}, preloaded" : $"glibc, {settings}";

    private static string Preloaded()
    {
        var libraries = LoadedLibraries.Read();
        return Others.Select(libraries.Find).FirstOrDefault(static path => path.Length > 0, "");
    }
}
