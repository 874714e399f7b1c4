using ActorTrain.Models;
using ActorTrain.Models.Files;

namespace ActorTrain.Persistence.Checkpoints;

/// <summary>A checkpoint that is written under a temporary name, where nobody looks for one; it is deleted with this unless it was given
/// its name.</summary>
public sealed class PendingCheckpoint : IDisposable
{
    private readonly CheckpointStore store;

    internal PendingCheckpoint(CheckpointStore store, string path, CheckpointManifest manifest) =>
        (this.store, Path, Manifest) = (store, path, manifest);

    /// <summary>Its manifest, which is written with the rest.</summary>
    public CheckpointManifest Manifest { get; }

    internal string Path { get; }

    /// <summary>Makes all of it durable.</summary>
    /// <exception cref="UserErrorException">The disk refused.</exception>
    public void Sync() => store.Sync(this);

    /// <summary>Gives it its name, durably and all or nothing; a checkpoint of the same step is replaced. Then those that were left and
    /// surplus older ones are deleted: see <see cref="CheckpointRetention"/>.</summary>
    /// <param name="isLeft">Which others the run has left, so that nobody resumes from them; null: none.</param>
    /// <exception cref="UserErrorException">The disk refused; earlier checkpoints are as they were.</exception>
    public void Name(Predicate<CheckpointManifest>? isLeft = null) => store.Name(this, isLeft);

    public void Dispose() => Disk.TryDelete(Path);
}
