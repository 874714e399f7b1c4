namespace ActorTrain.Actors.Snapshots;

/// <summary>The last states of a run in memory, of this process or of another. Thread-safe.</summary>
public interface ISnapshots
{
    /// <summary>Starts to fill a slot, and discards its content.</summary>
    /// <param name="slot">From 0.</param>
    /// <param name="atStep">Updates that the state has seen.</param>
    /// <returns>Null if the memory cannot be reached.</returns>
    SnapshotWriter? Write(int slot, long atStep);

    /// <summary>Opens the content of a slot; null if it is empty or being filled, or cannot be reached.</summary>
    SnapshotReader? Read(int slot);
}
