using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Snapshots;

/// <summary>A slot that is being filled; without <see cref="Complete"/> it stays empty.</summary>
public sealed class SnapshotWriter : IDisposable
{
    private readonly SnapshotMemory.Content content;
    private readonly int slot;
    private readonly long step;
    private SnapshotMemory? memory;

    internal SnapshotWriter(SnapshotMemory memory, SnapshotMemory.Content content, int slot, long step)
    {
        this.memory = memory;
        this.content = content;
        this.slot = slot;
        this.step = step;
    }

    /// <summary>Room for the weights.</summary>
    public HostBuffer Weights => content.Weights;

    /// <summary>Room for the first moments.</summary>
    public HostBuffer FirstMoment => content.FirstMoment;

    /// <summary>Room for the second moments.</summary>
    public HostBuffer SecondMoment => content.SecondMoment;

    /// <summary>Says that the slot is filled.</summary>
    /// <param name="hash">Hash of the state that was copied: see <see cref="StateHash"/>.</param>
    /// <returns>False when the slot was given to somebody else in the meantime.</returns>
    public bool Complete(ulong hash)
    {
        ObjectDisposedException.ThrowIf(memory is null, this);
        return memory.Complete(content, step, hash);
    }

    public void Dispose() => Interlocked.Exchange(ref memory, null)?.Release(content);

    public override string ToString() => $"slot {slot} for step {step}";
}

/// <summary>A filled slot in somebody's hands: until it is disposed of, its memory stays as it is.</summary>
public sealed class SnapshotReader : IDisposable
{
    private readonly SnapshotMemory.Content content;
    private SnapshotMemory? memory;

    internal SnapshotReader(SnapshotMemory memory, SnapshotMemory.Content content, long step, ulong hash)
    {
        this.memory = memory;
        this.content = content;
        Step = step;
        Hash = hash;
    }

    /// <summary>Updates that the state has seen.</summary>
    public long Step { get; }

    /// <summary>Hash of the state as it was when it was copied.</summary>
    public ulong Hash { get; }

    public HostBuffer Weights => content.Weights;

    public HostBuffer FirstMoment => content.FirstMoment;

    public HostBuffer SecondMoment => content.SecondMoment;

    /// <summary>Says in a sentence how what lies in the slot differs from what was copied there; null when it does not.</summary>
    public string? Damage()
    {
        var found = StateHash.Of(Weights, FirstMoment, SecondMoment);
        return found == Hash ? null : $"The snapshot at step {Step} changed in memory: hash {found:x16}, expected {Hash:x16}.";
    }

    public void Dispose() => Interlocked.Exchange(ref memory, null)?.Release(content);
}
