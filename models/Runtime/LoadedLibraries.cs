namespace ActorTrain.Models.Runtime;

public sealed class LoadedLibraries
{
    private readonly IReadOnlyList<string> paths;

    private LoadedLibraries(IReadOnlyList<string> paths) => this.paths = paths;

    /// <summary>Reads them from the system, with links resolved.</summary>
    public static LoadedLibraries Read() => new([
        .. File.ReadLines("/proc/self/maps")
            .Select(static line => line.IndexOf('/', StringComparison.Ordinal) is >= 0 and var at ? line[at..] : "")
            .Where(static path => path.Contains(".so", StringComparison.Ordinal)).Distinct()]);

    /// <summary>The first whose file name begins like this; empty if there is none.</summary>
    public string Find(string name) => FindAll(name).FirstOrDefault("");

    /// <summary>All whose file names begin like this.</summary>
    public IReadOnlyList<string> FindAll(string name) =>
        [.. paths.Where(path => Path.GetFileName(path).StartsWith(name, StringComparison.Ordinal))];
}
