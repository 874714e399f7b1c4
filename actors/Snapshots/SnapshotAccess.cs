using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Snapshots;

/// <summary>A slot being filled; without <see cref="Complete(ulong)"/> it stays empty.</summary>
public sealed class SnapshotWriter : IDisposable
{
    private readonly int slot;
    private readonly long step;
    private readonly Func<SnapshotContent, (bool IsKept, ulong? Whole)> complete;
    private Action<bool>? release;

    /// <param name="vectors">Not owned.</param>
    /// <param name="complete">Marks the slot as filled, unless it was reassigned, and returns the hash if no part is missing.</param>
    /// <param name="release">Called once, at the end: true if somebody may still write to the memory.</param>
    internal SnapshotWriter(int slot, long step, SnapshotVectors vectors, Func<SnapshotContent, (bool IsKept, ulong? Whole)> complete,
        Action<bool> release)
    {
        (this.slot, this.step, Vectors) = (slot, step, vectors);
        (this.complete, this.release) = (complete, release);
    }

    public HostBuffer Weights => Vectors.Weights;

    public HostBuffer FirstMoment => Vectors.FirstMoment;

    public HostBuffer SecondMoment => Vectors.SecondMoment;

    internal SnapshotVectors Vectors { get; }

    /// <summary>Marks the slot as filled.</summary>
    /// <param name="hash">Of the copied state: see <see cref="StateHash"/>.</param>
    /// <returns>False if the slot was reassigned in the meantime, or can no longer be reached.</returns>
    public bool Complete(ulong hash)
    {
        ObjectDisposedException.ThrowIf(release is null, this);
        return complete(new SnapshotContent(hash, [])).IsKept;
    }

    /// <summary>Marks a part of the slot as filled.</summary>
    /// <param name="ranges">By first element: hashes of the ranges of the part.</param>
    /// <param name="whole">Hash of the state, once no part is missing.</param>
    /// <returns>As <see cref="Complete(ulong)"/>.</returns>
    public bool Complete(IReadOnlyList<(long Offset, StateBlocks Blocks)> ranges, out ulong? whole)
    {
        ObjectDisposedException.ThrowIf(release is null, this);
        (var isKept, whole) = complete(new SnapshotContent(null, ranges));
        return isKept;
    }

    /// <summary>Ends the writing on behalf of somebody who may not know: nobody else gets the memory.</summary>
    internal void Abandon() => Interlocked.Exchange(ref release, null)?.Invoke(true);

    public void Dispose() => Interlocked.Exchange(ref release, null)?.Invoke(false);

    public override string ToString() => $"slot {slot} for step {step}";
}

/// <summary>What a writer has filled.</summary>
/// <param name="Hash">Of the whole state; null for a part.</param>
/// <param name="Ranges">Of a part.</param>
internal sealed record SnapshotContent(ulong? Hash, IReadOnlyList<(long Offset, StateBlocks Blocks)> Ranges);

/// <summary>A filled slot, unchanged until disposal.</summary>
public sealed class SnapshotReader : IDisposable
{
    private Action? release;

    /// <param name="vectors">Not owned.</param>
    /// <param name="release">Called once, at the end.</param>
    internal SnapshotReader(long step, ulong hash, SnapshotVectors vectors, Action release)
    {
        (Step, Hash, Vectors) = (step, hash, vectors);
        this.release = release;
    }

    /// <summary>Updates that the state has seen.</summary>
    public long Step { get; }

    /// <summary>Hash of the state at the time of the copy.</summary>
    public ulong Hash { get; }

    public HostBuffer Weights => Vectors.Weights;

    public HostBuffer FirstMoment => Vectors.FirstMoment;

    public HostBuffer SecondMoment => Vectors.SecondMoment;

    internal SnapshotVectors Vectors { get; }

    /// <summary>How the content differs from the copied state, in one sentence; null if it does not.</summary>
    public string? Damage()
    {
        var found = StateHash.Of(Weights, FirstMoment, SecondMoment);
        return found == Hash ? null : $"The snapshot at step {Step} changed in memory: hash {found:x16}, expected {Hash:x16}.";
    }

    public void Dispose() => Interlocked.Exchange(ref release, null)?.Invoke();
}
