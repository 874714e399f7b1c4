namespace ActorTrain.Actors.Snapshots;

/// <summary>A part of a state that several copy into one slot.</summary>
/// <param name="Copy">Number of that copy.</param>
/// <param name="Ranges">In elements.</param>
public sealed record SnapshotPart(long Copy, IReadOnlyList<(long Offset, long Count)> Ranges);

/// <summary>The last states of a run in memory, of this process or of another. Thread-safe.</summary>
public interface ISnapshots
{
    /// <summary>Starts to fill a slot, and discards its content.</summary>
    /// <param name="slot">From 0.</param>
    /// <param name="atStep">Updates that the state has seen.</param>
    /// <param name="part">What will be written; null for everything. The other parts of the same copy are kept.</param>
    /// <returns>Null if the memory cannot be reached.</returns>
    SnapshotWriter? Write(int slot, long atStep, SnapshotPart? part = null);

    /// <summary>Opens the content of a slot; null if it is empty or being filled, or cannot be reached.</summary>
    SnapshotReader? Read(int slot);
}
