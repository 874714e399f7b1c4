using ActorTrain.Host.Configuration;
using ActorTrain.Host.Hosting;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Runs;

/// <summary>What stands on disk of a run, without its tensors.</summary>
/// <param name="Configuration">Its configuration; null for an imported model.</param>
/// <param name="NewestManifest">What its newest whole checkpoint says, of those that it resumes from, or null.</param>
internal sealed record RunRecord(RunConfiguration? Configuration, CheckpointManifest? NewestManifest, IReadOnlyList<RunEvent> Decisions)
{
    /// <summary>Facts of that checkpoint, or null.</summary>
    public CheckpointFacts? Newest => NewestManifest?.Facts;

    /// <summary>Reads it, also while a process trains the run.</summary>
    /// <param name="warn">Told where the journal's database cannot be reached, which then counts as empty; without it that is an
    /// error.</param>
    /// <exception cref="UserErrorException">Something cannot be read.</exception>
    public static RunRecord Of(RunDirectory run, Action<string>? warn = null)
    {
        var configuration = File.Exists(run.ConfigurationFile) ? RunFile.Read(run.ConfigurationFile, []) : null;
        var manifests = new CheckpointArchive(run.CheckpointsDirectory).List().Select(static info => info.Manifest)
            .OfType<CheckpointManifest>().ToList();
        var decisions = configuration is null ? [] : RunDecisions.Read(run, configuration.Journal.Connection, away: warn);

        // One that was abandoned by a rollback is not resumed from.
        var history = CheckpointHistory.Of(decisions);
        var newest = manifests.FirstOrDefault(manifest => !history.IsVoid(manifest));
        return new RunRecord(configuration, newest, decisions);
    }
}
