using System.Net;
using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Nodes;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Nodes;
using ActorTrain.Host.Progress;
using ActorTrain.Persistence.Runs;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Host.Training;

/// <summary>How the trainers of a run live in other processes.</summary>
/// <param name="Workers">Processes that this one starts.</param>
internal sealed record NodesSetup(int Workers)
{
    private const string CountKey = "trainers.count";

    /// <summary>Unless the run says how many trainers it has, there is one for each process.</summary>
    /// <param name="workers">As given with <c>--nodes</c>; null if it is not given.</param>
    public static IReadOnlyList<string> WithTrainers(string? runFile, IReadOnlyList<string> overrides, int? workers) =>
        workers is >= 2 && !RunFile.Gives(runFile, overrides, CountKey) ? [.. overrides, $"{CountKey}={workers}"] : overrides;

    /// <param name="workers">As given with <c>--nodes</c>; null if it is not given.</param>
    /// <returns>Null if all trainers live in this process.</returns>
    public static NodesSetup? Of(RunConfiguration configuration, int? workers) =>
        workers >= 2 || configuration.Nodes.Listen.Length > 0 ? new NodesSetup(workers ?? 0) : null;

    /// <param name="term">Under which this process leads the run.</param>
    public NodesRun Run(RunConfiguration configuration, TokenStore data, RunDirectory directory, NumericEnvironment environment,
        ITrainingProgress progress, long term) => new()
        {
            ListenOn = configuration.Nodes.EndPoint ?? new IPEndPoint(IPAddress.Loopback, 0),
            Roster = new NodeRosterOptions
            {
                Term = term,
                Build = BuildIdentity.Value,
                Run = Path.GetFullPath(directory.Path),
                Data = Path.GetFullPath(data.Folder),
                ConfigurationHash = configuration.Hash,
                DataHash = data.Identity,
                Fingerprint = environment.Fingerprint,
                Timeout = configuration.Nodes.Timeout,
                OwnNodes = Workers,
                DataPlane = "",
                LeasesFrom = 0,
            },
            Notify = (sentence, isWarning) =>
            {
                if (isWarning)
                    progress.Warning(sentence);
                else
                    progress.Note(sentence);
            },
        };

    public WorkerProcesses StartWorkers(TrainingHost host, ILoggerFactory log, ITrainingProgress progress)
    {
        progress.Note($"trainers live on nodes; to add one: actortrain node --join {host.NodesAddress}"
            + (Workers > 0 ? $" (nodes 1 to {Workers} are started by this process)" : ""));
        return new WorkerProcesses(Workers, host.NodesAddress, host.Nodes!, log.CreateLogger<WorkerProcesses>());
    }
}
