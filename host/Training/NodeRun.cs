using System.Net;
using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Nodes;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Security;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Runs;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Host.Training;

/// <summary>A node's view of the run that it works for: its folder and its token data, which this machine reads at the same
/// paths.</summary>
/// <param name="data">Folder of the token data on this machine; null for the run's.</param>
/// <param name="trustsData">Whether the files were verified by the process that started this one.</param>
/// <param name="security">Null for plain text.</param>
internal sealed class NodeRun(string? data, bool trustsData, PeerSecurity? security, ILoggerFactory log) : INodeRun, IDisposable
{
    // Vectors of one trainer each, with some that were abandoned and still hang.
    private const int Trainers = 16;

    private readonly Lock gate = new();
    private readonly DataPlaneOptions bounds = new();
    private readonly List<TokenStore> stores = [];
    private Opened? opened;
    private volatile StateRetention? retention;
    private NodeWeights? weights;

    public NodeInspection Inspect(InspectRun run)
    {
        lock (gate)
        {
            var directory = new RunDirectory(Path.GetDirectoryName(run.Run) ?? "/", Path.GetFileName(run.Run));
            if (!File.Exists(directory.ConfigurationFile))
                throw new UserErrorException($"There is no run file in {run.Run} on this machine; make the run's folder readable at the "
                    + "same path on all nodes.");
            var configuration = RunFile.Read(directory.ConfigurationFile, []);
            var store = Open(data ?? run.Data);
            var environment = EnvironmentOf(configuration);
            var setup = new ReplicaSetup(configuration, environment, store, directory);
            setup.PrepareReference(null);
            if (retention?.IsOf(run.Run, configuration.Hash) != true)
            {
                retention?.Dispose();
                weights?.Dispose();
                weights = new NodeWeights(setup.Layout.Length);
                retention = new StateRetention(setup.Layout.Length, run.Run, configuration.Hash);
            }

            opened = new Opened(setup, directory, environment.Threads, retention, weights!);
            return new NodeInspection(run.Reading, configuration.Hash, store.Identity, environment.Fingerprint,
                environment.Device.ToString(), environment.Threads);
        }
    }

    public INodeConnection Connect(NodeKey node, NodeAdmitted admission)
    {
        lock (gate)
        {
            var (setup, directory, threads, states, published) = opened ?? throw new InvariantException("No run was inspected.");
            var lanes = setup.Replica.Lanes;
            var client = DataPlaneClient.Connect(
                IPEndPoint.Parse(admission.DataPlane),
                new DataPlaneHello
                {
                    Node = node.Name,

                    // A lease has a connection of its own.
                    Incarnation = admission.Lease,
                    Length = setup.Layout.Length,
                    Layout = setup.Layout.Hash,
                    Capacity = Math.Min(LocalGradientTransport.CapacityFor(lanes, Trainers, totalsKept: 4), bounds.VectorsPerNode),
                    Term = admission.Term,
                },
                log.CreateLogger<DataPlaneClient>(), bounds with { Silence = admission.Timeout }, security);
            var makeWorker = setup.Rollouts?.Workers(setup.Model, directory, judge: null);
            return new NodeConnection(
                client, setup.Work(setup.Rollouts?.ExperiencesOf(client)), new CheckpointArchive(directory.CheckpointsDirectory), threads,
                states, makeWorker is null ? null : role => makeWorker(role, published.From(client)));
        }
    }

    public RetainedState? Retained => retention?.State;

    public void ForgetRetained() => retention?.Forget();

    public void Dispose()
    {
        retention?.Dispose();
        weights?.Dispose();
        foreach (var store in stores)
            store.Dispose();
    }

    // An older store may still be read by trainers that hang.
    private TokenStore Open(string folder)
    {
        var store = TokenStore.Open(folder);
        if (stores.Find(other => other.Folder == store.Folder && other.Identity == store.Identity) is { } known)
        {
            store.Dispose();
            return known;
        }

        if (!trustsData)
            store.Verify();
        stores.Add(store);
        return store;
    }

    private static NumericEnvironment EnvironmentOf(RunConfiguration configuration)
    {
        try
        {
            return NumericEnvironment.Choose(configuration.Training.Compute, configuration.Trainers.Count);
        }
        catch (InvalidOperationException exception)
        {
            throw new UserErrorException("This node computes with other training.numerics than the run; start it again.", exception);
        }
    }

    private sealed record Opened(
        ReplicaSetup Setup, RunDirectory Directory, int Threads, StateRetention Retention, NodeWeights Weights);
}
