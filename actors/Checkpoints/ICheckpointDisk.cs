using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Checkpoints;

/// <summary>The disk to which snapshots of the memory are saved: a directory, or what stands for one in a simulation.</summary>
public interface ICheckpointDisk
{
    /// <summary>Steps of the checkpoints that are there, the newest first.</summary>
    /// <exception cref="UserErrorException">The disk refused.</exception>
    IReadOnlyList<long> Steps();

    /// <summary>Looks for the very checkpoint that a save would write.</summary>
    /// <returns>SHA-256 of its weights; null when it is not there, or not whole.</returns>
    /// <exception cref="UserErrorException">The disk refused.</exception>
    string? Find(SaveCheckpoint save);

    /// <summary>Writes a snapshot where nobody looks for a checkpoint, and where a kill leaves nothing of it.</summary>
    /// <returns>What was written; null where the slot holds another state.</returns>
    /// <exception cref="UserErrorException">The disk refused; nothing of it stays behind.</exception>
    ICheckpointWriting? Write(SaveCheckpoint save);

    /// <summary>Notes durably beside a checkpoint that it has proved good; where it is another one by now, nothing is done.</summary>
    /// <exception cref="UserErrorException">The disk refused.</exception>
    void MarkGood(MarkGood good);
}

/// <summary>A checkpoint that is written and has no name yet; without one it is deleted.</summary>
public interface ICheckpointWriting : IDisposable
{
    /// <summary>SHA-256 of its weights.</summary>
    string WeightsHash { get; }

    /// <summary>Hashes the snapshot that was read for it once more.</summary>
    /// <returns>In a sentence how it differs from what was copied there; null when it does not.</returns>
    string? Damage();

    /// <summary>Makes it durable: a power cut takes nothing of it any more.</summary>
    /// <exception cref="UserErrorException">The disk refused.</exception>
    void Sync();

    /// <summary>Gives it its name, all or nothing and durably, and deletes those that the run has left and older ones that need not
    /// stay.</summary>
    /// <exception cref="UserErrorException">The disk refused.</exception>
    void Name(CheckpointHistory history);
}
