using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Snapshots;

/// <summary>A slot being filled; without <see cref="Complete"/> it stays empty.</summary>
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

    public HostBuffer Weights => content.Weights;

    public HostBuffer FirstMoment => content.FirstMoment;

    public HostBuffer SecondMoment => content.SecondMoment;

    /// <summary>Marks the slot as filled.</summary>
    /// <param name="hash">Of the copied state: see <see cref="StateHash"/>.</param>
    /// <returns>False if the slot was reassigned in the meantime.</returns>
    public bool Complete(ulong hash)
    {
        ObjectDisposedException.ThrowIf(memory is null, this);
        return memory.Complete(content, step, hash);
    }

    public void Dispose() => Interlocked.Exchange(ref memory, null)?.Release(content);

    public override string ToString() => $"slot {slot} for step {step}";
}

/// <summary>A filled slot, unchanged until disposal.</summary>
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

    /// <summary>Hash of the state at the time of the copy.</summary>
    public ulong Hash { get; }

    public HostBuffer Weights => content.Weights;

    public HostBuffer FirstMoment => content.FirstMoment;

    public HostBuffer SecondMoment => content.SecondMoment;

    /// <summary>How the content differs from the copied state, in one sentence; null if it does not.</summary>
    public string? Damage()
    {
        var found = StateHash.Of(Weights, FirstMoment, SecondMoment);
        return found == Hash ? null : $"The snapshot at step {Step} changed in memory: hash {found:x16}, expected {Hash:x16}.";
    }

    public void Dispose() => Interlocked.Exchange(ref memory, null)?.Release(content);
}
