using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Persistence.Runs;

/// <summary>A run as named on a command line: by its folder, by its name under <c>runs</c>, or by the folder of one of its
/// checkpoints.</summary>
/// <param name="Step">The step of the named checkpoint, or null.</param>
public sealed record NamedRun(RunDirectory Directory, long? Step)
{
    private const string Root = "runs";

    /// <summary>A folder that is not a run does not hide the run of that name under <c>runs</c>.</summary>
    /// <exception cref="UserErrorException">There is no such run.</exception>
    public static NamedRun Find(string name) =>
        FindOrNull(name) ?? throw new UserErrorException(
            $"There is no run {name}: give a name under {Root}/, a run folder or a checkpoint folder; `actortrain runs` lists the runs.");

    /// <returns>Null if there is no such run.</returns>
    public static NamedRun? FindOrNull(string name) => At(name) ?? At(Path.Combine(Root, name));

    private static NamedRun? At(string folder)
    {
        var path = Path.TrimEndingDirectorySeparator(folder);
        if (Path.GetFileName(path) is "" or "." or "..")
            path = Path.GetFullPath(path);
        if (!System.IO.Directory.Exists(path))
            return null;
        var checkpoints = Path.GetDirectoryName(path)!;
        var named = new CheckpointArchive(checkpoints).List().FirstOrDefault(info => Path.GetFileName(info.Path) == Path.GetFileName(path));
        var run = named is null ? path : Path.GetDirectoryName(Path.GetFullPath(checkpoints))!;
        if (Path.GetFileName(run).StartsWith('.') || Path.GetFileName(run).Length == 0)
            return null;
        var directory = new RunDirectory(Path.GetDirectoryName(run)!, Path.GetFileName(run));
        return directory.Exists ? new NamedRun(directory, named?.Step) : null;
    }
}
