using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Snapshots;

/// <summary>The last states of a run in memory: a fixed number of slots, each of weights and both moments. It belongs to the run, not to an
/// actor, so it outlives them. Any thread may use it.</summary>
/// <remarks>Who decides which slot is free does so elsewhere. Where a slot is written to although somebody still reads it, or still writes
/// into it after having been given up, the slot gets other memory, and the old is freed when that somebody is done.</remarks>
public sealed class SnapshotMemory : IDisposable
{
    private readonly Lock gate = new();
    private readonly Content?[] slots;
    private readonly long length;
    private bool isDisposed;
    private int allocated;

    /// <summary>Makes empty slots; memory is allocated as they are first written.</summary>
    /// <param name="length">Elements of the flat layout.</param>
    /// <param name="slots">How many, at least 1.</param>
    public SnapshotMemory(long length, int slots)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        this.length = length;
        this.slots = new Content?[slots];
    }

    public int Slots => slots.Length;

    /// <summary>Sets of buffers that exist: at most one per slot, and one for each user that was overtaken.</summary>
    public int Allocated
    {
        get
        {
            lock (gate)
                return allocated;
        }
    }

    /// <summary>Begins to fill a slot; what was in it is gone.</summary>
    /// <param name="slot">Which one, from 0.</param>
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

    /// <summary>Opens what is in a slot; null when it is empty or being filled.</summary>
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

    /// <summary>Frees all slots; those in use are freed when they are no longer.</summary>
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
