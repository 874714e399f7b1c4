namespace ActorTrain.Models.Runtime;

/// <summary>The C allocator of the process.</summary>
internal static class Allocator
{
    private const int TrimThreshold = -1, TopPad = -2, MmapMax = -4;
    private static readonly string[] Preloadable = ["libmimalloc", "libtcmalloc"];
    private static string settings = "defaults";

    /// <summary>Has glibc's allocator keep what it was given back, so that steps reuse memory instead of asking the system for it; leaves another
    /// allocator alone.</summary>
    public static void Configure()
    {
        if (Preloaded() is not null)
            return;
        if (Environment.GetEnvironmentVariable("AT_MALLOC") == "plain") return;
        var accepted = Libc.SetAllocator(MmapMax, 0) + Libc.SetAllocator(TrimThreshold, int.MaxValue) + Libc.SetAllocator(TopPad, 256 << 20);
        if (Environment.GetEnvironmentVariable("AT_MALLOC") == "arena1") _ = Libc.SetAllocator(-8, 1);
        settings = accepted == 3 ? "no mmap, no trim, top pad 256 MiB" : "defaults (mallopt refused)";
    }

    /// <summary>Name and settings.</summary>
    public static string Describe() => Preloaded() is { } library ? Path.GetFileName(library) : $"glibc, {settings}";

    private static string? Preloaded()
    {
        var libraries = LoadedLibraries.Read();
        return Preloadable.Select(libraries.Find).FirstOrDefault(static path => path.Length > 0);
    }
}
