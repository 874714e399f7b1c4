using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Snapshots;

/// <summary>The last states of a run in memory: a fixed number of slots with weights and both moments each. Owned by the run, so that it
/// outlives its actors. Thread-safe.</summary>
/// <remarks>Slots are assigned elsewhere. If a slot is written to while it is still read, or while an abandoned trainer still writes to it,
/// it gets new memory, and the old is freed after use.</remarks>
public sealed class SnapshotMemory : IDisposable
{
    private readonly Lock gate = new();
    private readonly Content?[] slots;
    private readonly long length;
    private bool isDisposed;
    private int allocated;

    /// <summary>Makes empty slots; memory is allocated on first write.</summary>
    /// <param name="length">Elements of the flat layout.</param>
    /// <param name="slots">At least 1.</param>
    public SnapshotMemory(long length, int slots)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        this.length = length;
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

    /// <summary>Starts to fill a slot, and discards its content.</summary>
    /// <param name="slot">From 0.</param>
    /// <param name="step">Updates that the state has seen.</param>
    public SnapshotWriter Write(int slot, long step)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            if (slots[slot] is { Users: > 0 } overtaken)
            {
                overtaken.IsDetached = true;
                slots[slot] = null;
            }

            if (slots[slot] is not { } content)
            {
                slots[slot] = content = new Content(length);
                allocated++;
            }

            content.Users = 1;
            content.Held = null;
            return new SnapshotWriter(this, content, slot, step);
        }
    }

    /// <summary>Opens the content of a slot; null if it is empty or being filled.</summary>
    public SnapshotReader? Read(int slot)
    {
        lock (gate)
        {
            if (isDisposed || slots[slot] is not { Held: { } held } content)
                return null;
            content.Users++;
            return new SnapshotReader(this, content, held.Step, held.Hash);
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

    internal bool Complete(Content content, long step, ulong hash)
    {
        lock (gate)
        {
            if (content.IsDetached)
                return false;
            content.Held = (step, hash);
            return true;
        }
    }

    internal void Release(Content content)
    {
        lock (gate)
        {
            content.Users--;
            Free(content);
        }
    }

    private void Free(Content content)
    {
        if (content is not { IsDetached: true, Users: 0 })
            return;
        content.Dispose();
        allocated--;
    }

    internal sealed class Content(long length) : IDisposable
    {
        public HostBuffer Weights { get; } = new(length * sizeof(float));

        public HostBuffer FirstMoment { get; } = new(length * sizeof(float));

        public HostBuffer SecondMoment { get; } = new(length * sizeof(float));

        public int Users { get; set; }

        public bool IsDetached { get; set; }

        public (long Step, ulong Hash)? Held { get; set; }

        public void Dispose()
        {
            Weights.Dispose();
            FirstMoment.Dispose();
            SecondMoment.Dispose();
        }
    }
}
