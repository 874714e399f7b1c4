using ActorTrain.Host.Configuration;
using ActorTrain.Host.Hosting;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Runs;

/// <summary>The files of a run, without tensors.</summary>
/// <param name="Configuration">Null for an imported model.</param>
/// <param name="NewestManifest">That of the newest intact checkpoint that was not abandoned, or null.</param>
internal sealed record RunRecord(RunConfiguration? Configuration, CheckpointManifest? NewestManifest, IReadOnlyList<RunEvent> Decisions)
{
    public CheckpointFacts? Newest => NewestManifest?.Facts;

    /// <summary>Reads it, even while a process trains the run.</summary>
    /// <param name="warn">Called if the journal's database is unavailable, which then counts as empty; if null, that is an error.</param>
    /// <exception cref="UserErrorException">A file cannot be read.</exception>
    public static RunRecord Of(RunDirectory run, Action<string>? warn = null)
    {
        var configuration = File.Exists(run.ConfigurationFile) ? RunFile.Read(run.ConfigurationFile, []) : null;
        var manifests = new CheckpointArchive(run.CheckpointsDirectory).List().Select(static info => info.Manifest)
            .OfType<CheckpointManifest>().ToList();
        var decisions = configuration is null ? [] : RunDecisions.Read(run, configuration.Journal.Connection, away: warn);

        // Abandoned checkpoints are not resumed from.
        var history = CheckpointHistory.Of(decisions);
        var newest = manifests.FirstOrDefault(manifest => !history.IsVoid(manifest));
        return new RunRecord(configuration, newest, decisions);
    }
}
