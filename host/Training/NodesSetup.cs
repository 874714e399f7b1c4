using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Nodes;
using ActorTrain.Actors.Security;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Nodes;
using ActorTrain.Host.Progress;
using ActorTrain.Models;
using ActorTrain.Persistence.Certificates;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Runs;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Host.Training;

/// <summary>How the trainers of a run, and the workers of its rollouts, live in other processes.</summary>
/// <param name="Workers">Processes that this one starts.</param>
/// <param name="Credentials">Null for plain text.</param>
internal sealed record NodesSetup(int Workers, NodeCredentials? Credentials)
{
    private const string CountKey = "trainers.count";
    private const string SamplersKey = "rollouts.workers";

    /// <summary>Unless the run says how many trainers and samplers it has, there is one of each for each process.</summary>
    /// <param name="workers">As given with <c>--nodes</c>; null if it is not given.</param>
    /// <param name="hasRollouts">Whether it samples rollouts.</param>
    public static IReadOnlyList<string> Spread(string? runFile, IReadOnlyList<string> overrides, int? workers, bool hasRollouts)
    {
        string[] keys = hasRollouts ? [CountKey, SamplersKey] : [CountKey];
        return workers is not >= 2 ? overrides
            : [.. overrides, .. keys.Where(key => !RunFile.Gives(runFile, overrides, key)).Select(key => $"{key}={workers}")];
    }

    /// <param name="workers">As given with <c>--nodes</c>; null if it is not given.</param>
    /// <param name="credentials">Null for plain text.</param>
    /// <returns>Null if all trainers live in this process.</returns>
    public static NodesSetup? Of(RunConfiguration configuration, int? workers, NodeCredentials? credentials) =>
        HasNodes(configuration, workers) ? new NodesSetup(workers ?? 0, credentials) : null;

    /// <summary>How this process proves to others who it is.</summary>
    /// <param name="workers">As given with <c>--nodes</c>; null if it is not given.</param>
    /// <returns>Null if it does not, or there are no others.</returns>
    /// <exception cref="UserErrorException">Its certificate cannot be read, or is not for a process that leads.</exception>
    public static NodeCredentials? CredentialsOf(RunConfiguration configuration, int? workers, TimeProvider time)
    {
        var nodes = configuration.Nodes;
        return nodes.Certificates.Length == 0 || !(HasNodes(configuration, workers) || configuration.Cluster.EndPoints.Count > 0) ? null
            : new NodeCredentials(nodes.Certificates, nodes.Certificate.Length == 0 ? null : nodes.Certificate, NodeRoles.Control, time);
    }

    /// <summary>Checks that this process can listen for nodes.</summary>
    /// <exception cref="UserErrorException">It cannot.</exception>
    public static void RequireAddress(RunConfiguration configuration)
    {
        if (configuration.Nodes.EndPoint is { } address)
            RequireFree(address, "nodes.listen", configuration.Nodes.Listen);
        if (configuration.Nodes.DataPort is > 0 and var port)
        {
            RequireFree(new IPEndPoint(configuration.Nodes.EndPoint?.Address ?? IPAddress.Loopback, port), "nodes.data_port",
                port.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static void RequireFree(IPEndPoint address, string key, string value)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(address);
            socket.Listen();
        }
        catch (SocketException exception)
        {
            throw new UserErrorException($"{key} is '{value}', but this process cannot listen there "
                + $"({exception.Message}); choose an address of this machine and a free port.", exception);
        }
    }

    /// <param name="term">Under which this process leads the run.</param>
    public NodesRun Run(RunConfiguration configuration, TokenStore data, RunDirectory directory, NumericEnvironment environment,
        ITrainingProgress progress, long term) => new()
        {
            Security = Credentials is null ? null : new PeerSecurity(Credentials),
            DataPort = configuration.Nodes.DataPort,
            ListenOn = configuration.Nodes.EndPoint ?? new IPEndPoint(IPAddress.Loopback, 0),
            WrittenStep = configuration.Nodes.EndPoint is null ? null : WrittenStep(directory),
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

    private static bool HasNodes(RunConfiguration configuration, int? workers) => workers >= 2 || configuration.Nodes.Listen.Length > 0;

    // After a power cut, one of the two may lack rows of the other.
    private static long WrittenStep(RunDirectory directory) => Math.Min(
        MetricsLog.ReadHistory(directory.MetricsFile).Line is [.., var row] ? row.Row.Step : 0,
        SampleLedger.ReadHistory(directory.LedgerFile).Line is [.., var samples] ? samples.Row.Step : 0);

    /// <param name="hasRollouts">Whether the run samples rollouts.</param>
    public WorkerProcesses StartWorkers(TrainingHost host, ILoggerFactory log, ITrainingProgress progress, bool hasRollouts)
    {
        progress.Note($"{(hasRollouts ? "trainers and samplers" : "trainers")} live on nodes; "
            + $"to add one: actortrain node --join {host.NodesAddress}"
            + (Credentials is null ? "" : " --certificates DIR")
            + (Workers > 0 ? $" (nodes 1 to {Workers} are started by this process)" : ""));
        return new WorkerProcesses(Workers, host.NodesAddress, Credentials, host.Nodes!, log.CreateLogger<WorkerProcesses>());
    }
}
