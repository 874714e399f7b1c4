using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Actors.Training;

namespace ActorTrain.Actors.Nodes;

/// <summary>The newest state that the trainers of a node had when its lease ended, in memory of this process. Thread-safe.</summary>
/// <param name="length">Elements of the flat layout.</param>
/// <param name="run">Folder of the run, in full.</param>
/// <param name="configurationHash">Of the run file in it.</param>
public sealed class StateRetention(long length, string run, string configurationHash) : IDisposable
{
    private readonly Lock gate = new();
    private SnapshotMemory? memory;
    private RetainedState? state;

    /// <summary>Null if there is none.</summary>
    public RetainedState? State
    {
        get
        {
            lock (gate)
                return state;
        }
    }

    public bool IsOf(string otherRun, string otherHash) => otherRun == run && otherHash == configurationHash;

    /// <summary>Copies a trainer's state, unless there is a newer one.</summary>
    /// <param name="step">Updates that it has seen.</param>
    public void Keep(ITrainerDevice device, long step, StateRecord record)
    {
        ArgumentNullException.ThrowIfNull(device);
        lock (gate)
        {
            if (state?.Step >= step)
                return;
            state = null;
            memory ??= new SnapshotMemory(length, slots: 1);
            if (device.Copy(memory, step) is { Hash: { } hash })
                state = new RetainedState(run, configurationHash, step, hash, record);
        }
    }

    /// <summary>Opens the state of a step and a hash; null if it is another, or none.</summary>
    public SnapshotReader? Read(long step, ulong hash)
    {
        lock (gate)
            return state?.Step == step && state.Hash == hash ? memory!.Read(0) : null;
    }

    /// <summary>Copies the state into a slot of other snapshots.</summary>
    /// <returns>Why not, in a sentence; null if it did.</returns>
    public string? CopyTo(ISnapshots others, int slot, long step)
    {
        ArgumentNullException.ThrowIfNull(others);
        if (State is not { } held || held.Step != step || Read(step, held.Hash) is not { } own)
            return $"The state of step {step} is gone.";
        using (own)
        {
            if (own.Damage() is { } damage)
                return damage;
            using var other = others.Write(slot, step);
            if (other is null)
                return "The snapshots of the run cannot be reached.";
            own.Weights.CopyTo(other.Weights);
            own.FirstMoment.CopyTo(other.FirstMoment);
            own.SecondMoment.CopyTo(other.SecondMoment);
            return other.Complete(held.Hash) ? null : "The slot for it was reassigned.";
        }
    }

    /// <summary>Frees the state.</summary>
    public void Forget()
    {
        lock (gate)
        {
            state = null;
            memory?.Dispose();
            memory = null;
        }
    }

    public void Dispose() => Forget();
}
