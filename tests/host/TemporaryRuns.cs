using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Tests;

/// <summary>A folder of runs for one test, gone after it.</summary>
internal sealed class TemporaryRuns : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("actortrain-").FullName;

    /// <summary>A run whose folder is there.</summary>
    public RunDirectory Run(string name = "book")
    {
        var run = new RunDirectory(Path, name);
        Directory.CreateDirectory(run.Path);
        return run;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
