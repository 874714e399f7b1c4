using ActorTrain.Host.Configuration;
using ActorTrain.Host.Hosting;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Actions;

/// <summary>What stands on disk of a run, without its tensors.</summary>
/// <param name="Configuration">Its configuration; null for an imported model.</param>
/// <param name="NewestManifest">What its newest whole checkpoint says, or null.</param>
/// <param name="Decisions">Its journal.</param>
internal sealed record RunRecord(RunConfiguration? Configuration, CheckpointManifest? NewestManifest, IReadOnlyList<RunEvent> Decisions)
{
    /// <summary>Facts of the newest whole checkpoint, or null.</summary>
    public CheckpointFacts? Newest => NewestManifest?.Facts;

    /// <summary>Reads it, also while a process trains the run.</summary>
    public static RunRecord Of(RunDirectory run)
    {
        var configuration = File.Exists(run.ConfigurationFile) ? RunFile.Read(run.ConfigurationFile, []) : null;
        var newest = new CheckpointArchive(run.CheckpointsDirectory).List().Select(static info => info.Manifest).FirstOrDefault(static manifest => manifest is not null);
        var decisions = configuration is null ? [] : RunActorSystem.ReadJournal(run, configuration.Journal.Connection);
        return new RunRecord(configuration, newest, decisions);
    }
}
