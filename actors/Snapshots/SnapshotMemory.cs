using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Snapshots;

/// <summary>The last states of a run in memory: a fixed number of slots with weights and both moments each. Owned by the run, so that it
/// outlives its actors. Thread-safe.</summary>
/// <remarks>Slots are assigned elsewhere. If a slot is written to while it is still read, or while an abandoned trainer still writes to it,
/// it gets new memory, and the old is freed after use.</remarks>
public sealed class SnapshotMemory : ISnapshots, IDisposable
{
    private readonly Lock gate = new();
    private readonly Content?[] slots;
    private readonly long length;
    private readonly bool isShared;
    private bool isDisposed;
    private int allocated;

    /// <summary>Makes empty slots; memory is allocated on first write.</summary>
    /// <param name="length">Elements of the flat layout.</param>
    /// <param name="slots">At least 1.</param>
    /// <param name="isShared">Whether other processes map the memory.</param>
    public SnapshotMemory(long length, int slots, bool isShared = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        (this.length, this.isShared) = (length, isShared);
        this.slots = new Content?[slots];
    }

    public int Slots => slots.Length;

    /// <summary>Existing sets of buffers: at most one per slot, plus one per outdated reader or writer.</summary>
    public int Allocated
    {
        get
        {
            lock (gate)
                return allocated;
        }
    }

    /// <inheritdoc cref="ISnapshots.Write"/>
    public SnapshotWriter Write(int slot, long atStep, SnapshotPart? part = null)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            if (part is not null && slots[slot] is { Copy: { } copy } begun && copy == (part.Copy, atStep))
            {
                begun.Users++;
                return Writer(slot, atStep, begun);
            }

            if (slots[slot] is { Users: > 0 } overtaken)
            {
                overtaken.IsDetached = true;
                slots[slot] = null;
            }

            if (slots[slot] is not { } content)
            {
                slots[slot] = content = new Content(isShared ? SnapshotVectors.InSharedMemory(length) : new SnapshotVectors(length));
                allocated++;
            }

            content.Users = 1;
            content.Held = null;
            content.Copy = part is null ? null : (part.Copy, atStep);
            content.Ranges.Clear();
            return Writer(slot, atStep, content);
        }
    }

    /// <inheritdoc/>
    public SnapshotReader? Read(int slot)
    {
        lock (gate)
        {
            if (isDisposed || slots[slot] is not { Held: { } held } content)
                return null;
            content.Users++;
            return new SnapshotReader(held.Step, held.Hash, content.Vectors, () => Release(content));
        }
    }

    /// <summary>Frees all slots; those in use are freed afterwards.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            isDisposed = true;
            for (var slot = 0; slot < slots.Length; slot++)
            {
                if (slots[slot] is { } content)
                {
                    content.IsDetached = true;
                    Free(content);
                }

                slots[slot] = null;
            }
        }
    }

    private SnapshotWriter Writer(int slot, long atStep, Content content) => new(
        slot, atStep, content.Vectors, written => Complete(content, atStep, written), isAbandoned => Release(content, isAbandoned));

    private (bool IsKept, ulong? Whole) Complete(Content content, long step, SnapshotContent written)
    {
        lock (gate)
        {
            if (content.IsDetached)
                return (false, null);
            foreach (var (offset, range) in written.Ranges)
                content.Ranges[offset] = range;
            if (written.Hash is not { } hash)
            {
                if (content.Ranges.Values.Sum(static range => range.Weights.Count) < FlatSums.BlocksOf(length))
                    return (true, null);
                hash = StateBlocks.Joined([.. content.Ranges.Values]).Hash;
            }

            content.Held = (step, hash);
            return (true, hash);
        }
    }

    private void Release(Content content, bool isAbandoned = false)
    {
        lock (gate)
        {
            if (isAbandoned && Array.IndexOf(slots, content) is >= 0 and var slot)
            {
                content.IsDetached = true;
                slots[slot] = null;
            }

            content.Users--;
            Free(content);
        }
    }

    private void Free(Content content)
    {
        if (content is not { IsDetached: true, Users: 0 })
            return;
        content.Vectors.Dispose();
        allocated--;
    }

    private sealed class Content(SnapshotVectors vectors)
    {
        public SnapshotVectors Vectors { get; } = vectors;

        public int Users { get; set; }

        public bool IsDetached { get; set; }

        public (long Step, ulong Hash)? Held { get; set; }

        /// <summary>The copy, in parts, that fills it; null for one in one piece.</summary>
        public (long Number, long Step)? Copy { get; set; }

        /// <summary>The ranges that it has of that copy, by first element.</summary>
        public SortedDictionary<long, StateBlocks> Ranges { get; } = [];
    }
}
