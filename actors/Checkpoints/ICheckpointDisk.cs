using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Checkpoints;

public interface ICheckpointDisk
{
    /// <summary>Steps of the checkpoints, newest first.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    IReadOnlyList<long> Steps();

    /// <summary>Looks for the exact checkpoint that a save would write.</summary>
    /// <returns>SHA-256 of its weights; null if it is missing or incomplete.</returns>
    /// <exception cref="UserErrorException">A disk error.</exception>
    string? Find(SaveCheckpoint save);

    /// <summary>Writes a snapshot to a temporary location, where a kill leaves nothing behind.</summary>
    /// <returns>Null if the slot holds another state.</returns>
    /// <exception cref="UserErrorException">A disk error; nothing is left behind.</exception>
    ICheckpointWriting? Write(SaveCheckpoint save);

    /// <summary>Records durably beside a checkpoint that it is good; no effect if it has been replaced.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    void MarkGood(MarkGood good);
}

/// <summary>A written checkpoint without a name; deleted on disposal unless named.</summary>
public interface ICheckpointWriting : IDisposable
{
    string WeightsHash { get; }

    /// <summary>Hashes the snapshot again.</summary>
    /// <returns>One sentence on how it differs from the copied state; null if it does not.</returns>
    string? Damage();

    /// <summary>Makes it durable against a power cut.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    void Sync();

    /// <summary>Names it atomically and durably; deletes abandoned checkpoints and older ones that are not kept.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    void Name(CheckpointHistory history);
}
