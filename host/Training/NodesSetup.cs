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

/// <summary>How the trainers of a run live in other processes.</summary>
/// <param name="Workers">Processes that this one starts.</param>
/// <param name="Credentials">Null for plain text.</param>
internal sealed record NodesSetup(int Workers, NodeCredentials? Credentials)
{
    private const string CountKey = "trainers.count";

    /// <summary>Unless the run says how many trainers it has, there is one for each process.</summary>
    /// <param name="workers">As given with <c>--nodes</c>; null if it is not given.</param>
    public static IReadOnlyList<string> WithTrainers(string? runFile, IReadOnlyList<string> overrides, int? workers) =>
        workers is >= 2 && !RunFile.Gives(runFile, overrides, CountKey) ? [.. overrides, $"{CountKey}={workers}"] : overrides;

    /// <param name="workers">As given with <c>--nodes</c>; null if it is not given.</param>
    /// <returns>Null if all trainers live in this process.</returns>
    /// <exception cref="UserErrorException">The certificate of this process cannot be read, or is not for one that leads.</exception>
    public static NodesSetup? Of(RunConfiguration configuration, int? workers, TimeProvider time)
    {
        var nodes = configuration.Nodes;
        if (!(workers >= 2 || nodes.Listen.Length > 0))
            return null;
        return new NodesSetup(workers ?? 0, nodes.Certificates.Length == 0 ? null
            : new NodeCredentials(nodes.Certificates, nodes.Certificate.Length == 0 ? null : nodes.Certificate, NodeRoles.Control, time));
    }

    /// <summary>Checks that this process can listen for nodes.</summary>
    /// <exception cref="UserErrorException">It cannot.</exception>
    public static void RequireAddress(RunConfiguration configuration)
    {
        if (configuration.Nodes.EndPoint is not { } address)
            return;
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(address);
            socket.Listen();
        }
        catch (SocketException exception)
        {
            throw new UserErrorException($"nodes.listen is '{configuration.Nodes.Listen}', but this process cannot listen there "
                + $"({exception.Message}); choose an address of this machine and a free port.", exception);
        }
    }

    /// <param name="term">Under which this process leads the run.</param>
    public NodesRun Run(RunConfiguration configuration, TokenStore data, RunDirectory directory, NumericEnvironment environment,
        ITrainingProgress progress, long term) => new()
        {
            Security = Credentials is null ? null : new PeerSecurity(Credentials),
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

    // After a power cut, one of the two may lack rows of the other.
    private static long WrittenStep(RunDirectory directory) => Math.Min(
        MetricsLog.ReadHistory(directory.MetricsFile).Line is [.., var row] ? row.Row.Step : 0,
        SampleLedger.ReadHistory(directory.LedgerFile).Line is [.., var samples] ? samples.Row.Step : 0);

    public WorkerProcesses StartWorkers(TrainingHost host, ILoggerFactory log, ITrainingProgress progress)
    {
        if (Credentials?.Warning is { } warning)
            progress.Warning(warning);
        progress.Note($"trainers live on nodes; to add one: actortrain node --join {host.NodesAddress}"
            + (Credentials is null ? "" : " --certificates DIR")
            + (Workers > 0 ? $" (nodes 1 to {Workers} are started by this process)" : ""));
        return new WorkerProcesses(Workers, host.NodesAddress, Credentials, host.Nodes!, log.CreateLogger<WorkerProcesses>());
    }
}
