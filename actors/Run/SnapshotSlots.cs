using ActorTrain.Actors.Recovery;

namespace ActorTrain.Actors.Run;

/// <summary>Which slot of the memory for snapshots holds what, who needs it, and which is given up for a new one.</summary>
/// <remarks>What is kept lies ever wider apart the older it is, so that rolling back by any number of steps up to the horizon costs few
/// steps beside those: the one goes whose loss would lengthen the way back by the smallest part.</remarks>
internal sealed class SnapshotSlots
{
    private readonly HeldSnapshot?[] held;
    private readonly int[] pins;

    /// <summary>Begins with what an earlier life of the run left there.</summary>
    public SnapshotSlots(int count, IEnumerable<HeldSnapshot> left)
    {
        held = new HeldSnapshot?[count];
        pins = new int[count];
        foreach (var snapshot in left)
            held[snapshot.Slot] = snapshot;
    }

    /// <summary>All snapshots, the newest first.</summary>
    public IEnumerable<HeldSnapshot> Held => held.OfType<HeldSnapshot>().OrderByDescending(static snapshot => snapshot.Step);

    /// <summary>The newest, or null.</summary>
    public HeldSnapshot? Newest => Held.FirstOrDefault();

    /// <summary>A slot to fill, or null: everything that could make room is needed. It is pinned.</summary>
    /// <param name="trusted">The last step up to which all bits are known to be right: the newest snapshot at or before it stays.</param>
    /// <param name="horizon">Steps that the run may have to roll back.</param>
    /// <param name="isNeeded">Whether the trusted one gives way where nothing else can.</param>
    public int? Take(long trusted = long.MaxValue, long horizon = 0, bool isNeeded = true)
    {
        var slot = Enumerable.Range(0, held.Length).Where(slot => pins[slot] == 0 && held[slot] is null).Cast<int?>().FirstOrDefault()
            ?? Dispensable(trusted, horizon, isNeeded)?.Slot;
        if (slot is { } taken)
        {
            held[taken] = null;
            pins[taken]++;
        }

        return slot;
    }

    /// <summary>A slot that was taken is filled.</summary>
    public void Fill(HeldSnapshot snapshot) => held[snapshot.Slot] = snapshot;

    /// <summary>Somebody needs what is in a slot.</summary>
    public void Pin(int slot) => pins[slot]++;

    /// <summary>Somebody needs it no longer.</summary>
    public void Unpin(int slot) => pins[slot]--;

    /// <summary>What is in a slot is no good.</summary>
    public void Drop(int slot) => held[slot] = null;

    /// <summary>Forgets snapshots of steps that are taken again.</summary>
    public void DropAfter(long step)
    {
        foreach (var snapshot in Held.Where(snapshot => snapshot.Step > step).ToList())
            held[snapshot.Slot] = null;
    }

    // Never the newest.
    private HeldSnapshot? Dispensable(long trusted, long horizon, bool isNeeded)
    {
        var all = Held.ToList();
        var anchor = all.Find(snapshot => snapshot.Step <= trusted);
        var candidates = Enumerable.Range(1, Math.Max(0, all.Count - 1)).Where(i => pins[all[i].Slot] == 0).ToList();
        return candidates.Where(i => all[i] != anchor).OrderBy(Loss).ThenByDescending(static i => i).Select(i => all[i]).FirstOrDefault()
            ?? (isNeeded ? candidates.Select(i => all[i]).FirstOrDefault() : null);

        // A rollback to just before the next newer one uses the next older one instead: the extra steps, as a fraction of the distance.
        double Loss(int i)
        {
            var (head, newer) = (all[0].Step, all[i - 1].Step);
            if (i + 1 < all.Count)
                return (newer - all[i + 1].Step) / (double)(head - newer + 1);

            // The oldest is of use until the next one is old enough, or until it is so old that a checkpoint on disk is nearer.
            return head - newer >= horizon || head - all[i].Step > 2 * horizon ? -1 : double.MaxValue;
        }
    }
}
