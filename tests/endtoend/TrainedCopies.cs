using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>Copies of runs that were trained once, for tests that damage or move them: training takes a process seconds to begin.</summary>
internal static class TrainedCopies
{
    /// <summary>Provides a small run of the name, for others to begin with.</summary>
    public static void ProvideBase(this RealRun real, string name)
    {
        const string Shared = "small-base";
        if (!Directory.Exists(real.RunFolder(Shared)))
            real.Run(RealRun.Pretrain(Shared, "float32", "training.steps=20")).ShouldSucceed();
        Copy(real.RunFolder(Shared), real.RunFolder(name));
    }

    /// <summary>Copies a run into a folder of that name. A run is known to its journal by its own name, which stays.</summary>
    /// <returns>The copy's path below the folder of all runs' tests.</returns>
    public static string CopyTo(this RealRun real, string folder, string run)
    {
        var copy = $"{folder}/{run}";
        Copy(real.RunFolder(run), real.At(copy));
        return copy;
    }

    public static void Copy(string from, string to)
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
