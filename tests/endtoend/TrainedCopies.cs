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
        FolderCopy.Make(real.RunFolder(Shared), real.RunFolder(name));
    }

    /// <summary>Copies a run into a folder of that name. A run is known to its journal by its own name, which stays.</summary>
    /// <returns>The copy's path below the folder of all runs' tests.</returns>
    public static string CopyTo(this RealRun real, string folder, string run)
    {
        var copy = $"{folder}/{run}";
        FolderCopy.Make(real.RunFolder(run), real.At(copy));
        return copy;
    }
}
