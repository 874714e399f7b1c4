using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Nodes;

/// <summary>The published weights that a node has copied last, for all of its workers; they outlive the connection through which they came.
/// Thread-safe.</summary>
/// <param name="length">Elements of the flat layout.</param>
public sealed class NodeWeights(long length) : IDisposable
{
    private readonly Lock gate = new();
    private HostBuffer? memory;
    private (long Step, ulong Hash, ulong OfWeights)? held;

    /// <summary>How often weights were copied from the process that leads.</summary>
    public int Pulls { get; private set; }

    /// <summary>Those of the process that leads, through a connection.</summary>
    /// <param name="client">Not owned.</param>
    public IWeightSource From(DataPlaneClient client) => new Connected(this, client);

    public void Dispose()
    {
        lock (gate)
        {
            held = null;
            memory?.Dispose();
            memory = null;
        }
    }

    private string? Load(PublishedWeights published, FlatParameters parameters, long offset, ISnapshots snapshots)
    {
        lock (gate)
        {
            var isHeld = held is var (step, hash, ofWeights) && (step, hash) == (published.Step, published.Hash)
                && StateHash.Of(memory!) == ofWeights;
            if (!isHeld && Pull(published, snapshots) is { } refusal)
                return refusal;
            parameters.Weights.CopyFrom(memory!, offset);
            parameters.WeightsChanged();
            return null;
        }
    }

    private string? Pull(PublishedWeights published, ISnapshots snapshots)
    {
        held = null;
        using var snapshot = snapshots.Read(published.Slot);
        if (SnapshotWeights.ProblemOf(snapshot, published) is { } problem)
            return problem;
        memory ??= new HostBuffer(length * sizeof(float));
        snapshot!.Weights.CopyTo(memory);
        Pulls++;
        held = (published.Step, published.Hash, StateHash.Of(memory));
        return null;
    }

    private sealed class Connected(NodeWeights weights, DataPlaneClient client) : IWeightSource
    {
        // Weights that cannot be reached are not gone.
        public string? Load(PublishedWeights published, FlatParameters parameters, long offset = 0) =>
            weights.Load(published, parameters, offset, client.Snapshots) is not { } refusal ? null
                : client.Reason is { } reason ? throw new DataPlaneException(reason) : refusal;
    }
}
