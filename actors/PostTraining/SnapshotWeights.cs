using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.PostTraining;

/// <summary>Where workers get published weights from.</summary>
public interface IWeightSource
{
    /// <summary>Copies the weights that are meant, and no others (marin#1829).</summary>
    /// <param name="parameters">Of one of the models in them.</param>
    /// <param name="offset">Element of the published weights at which that model begins.</param>
    /// <returns>Null, or one sentence why it failed; the parameters may be changed.</returns>
    string? Load(PublishedWeights published, FlatParameters parameters, long offset = 0);
}

/// <summary>Published weights are those of a snapshot in memory: nobody changes it, and pulling from it waits for no one.</summary>
public sealed class SnapshotWeights(SnapshotMemory memory) : IWeightSource
{
    public string? Load(PublishedWeights published, FlatParameters parameters, long offset = 0)
    {
        using var snapshot = memory.Read(published.Slot);
        if (ProblemOf(snapshot, published) is { } problem)
            return problem;
        parameters.Weights.CopyFrom(snapshot!.Weights, offset);
        parameters.WeightsChanged();
        return null;
    }

    /// <summary>Why a snapshot is not that of published weights, in one sentence; null if it is.</summary>
    /// <param name="snapshot">Of their slot.</param>
    public static string? ProblemOf(SnapshotReader? snapshot, PublishedWeights published)
    {
        ArgumentNullException.ThrowIfNull(published);
        return snapshot is null || snapshot.Step != published.Step || snapshot.Hash != published.Hash
            ? $"Slot {published.Slot} of the snapshots in memory does not hold the weights of step {published.Step}."
            : snapshot.Damage();
    }
}
