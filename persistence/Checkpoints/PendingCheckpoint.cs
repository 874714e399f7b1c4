using ActorTrain.Models;
using ActorTrain.Models.Files;

namespace ActorTrain.Persistence.Checkpoints;

/// <summary>A checkpoint under a temporary name; deleted on disposal unless named.</summary>
public sealed class PendingCheckpoint : IDisposable
{
    private readonly CheckpointStore store;

    internal PendingCheckpoint(CheckpointStore store, string path, CheckpointManifest manifest) =>
        (this.store, Path, Manifest) = (store, path, manifest);

    public CheckpointManifest Manifest { get; }

    internal string Path { get; }

    /// <summary>Makes it durable.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public void Sync() => store.Sync(this);

    /// <summary>Names it atomically and durably, replacing a checkpoint of the same step. Then abandoned and surplus older ones are
    /// deleted: see <see cref="CheckpointRetention"/>.</summary>
    /// <param name="isLeft">Which others the run has abandoned; null for none.</param>
    /// <exception cref="UserErrorException">A disk error; earlier checkpoints are unchanged.</exception>
    public void Name(Predicate<CheckpointManifest>? isLeft = null) => store.Name(this, isLeft);

    public void Dispose() => Disk.TryDelete(Path);
}
