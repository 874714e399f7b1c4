namespace ActorTrain.Tests.Processes;

public static class FolderCopy
{
    /// <summary>Copies a folder of runs, or a run: training takes a process seconds to begin, so tests that damage a run share one.</summary>
    public static void Make(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            // A process that was killed leaves its socket.
            if (file.EndsWith(".sock", StringComparison.Ordinal))
                continue;
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
