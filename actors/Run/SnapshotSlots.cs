using ActorTrain.Actors.Recovery;

namespace ActorTrain.Actors.Run;

/// <summary>Which snapshot each memory slot holds, what pins it, and which is replaced.</summary>
/// <remarks>Spacing grows with age, so that rolling back by any number of steps up to the horizon redoes few steps beyond those: the
/// snapshot whose loss lengthens rollbacks least is replaced.</remarks>
internal sealed class SnapshotSlots
{
    private readonly HeldSnapshot?[] held;
    private readonly int[] pins;

    public SnapshotSlots(int count, IEnumerable<HeldSnapshot> left)
    {
        held = new HeldSnapshot?[count];
        pins = new int[count];
        foreach (var snapshot in left)
            held[snapshot.Slot] = snapshot;
    }

    public IEnumerable<HeldSnapshot> Held => held.OfType<HeldSnapshot>().OrderByDescending(static snapshot => snapshot.Step);

    public HeldSnapshot? Newest => Held.FirstOrDefault();

    /// <summary>The snapshot of a step; null if there is none.</summary>
    public HeldSnapshot? HeldAt(long step) => Held.FirstOrDefault(snapshot => snapshot.Step == step);

    /// <summary>A slot to fill, pinned; null if everything that could be replaced is needed.</summary>
    /// <param name="trusted">The last step up to which all bits are verified: the newest snapshot at or before it is kept.</param>
    /// <param name="horizon">Steps that the run may have to roll back.</param>
    /// <param name="isNeeded">Whether even the trusted snapshot may be replaced if no other can.</param>
    /// <param name="spared">A step whose snapshot is kept if another can be replaced.</param>
    public int? Take(long trusted = long.MaxValue, long horizon = 0, bool isNeeded = true, long spared = -1)
    {
        var slot = Enumerable.Range(0, held.Length).Where(slot => pins[slot] == 0 && held[slot] is null).Cast<int?>().FirstOrDefault()
            ?? Dispensable(trusted, horizon, isNeeded, spared)?.Slot;
        if (slot is { } taken)
        {
            held[taken] = null;
            pins[taken]++;
        }

        return slot;
    }

    public void Fill(HeldSnapshot snapshot) => held[snapshot.Slot] = snapshot;

    public void Pin(int slot) => pins[slot]++;

    public void Unpin(int slot) => pins[slot]--;

    /// <summary>Discards a damaged snapshot.</summary>
    public void Drop(int slot) => held[slot] = null;

    public void DropAfter(long step)
    {
        foreach (var snapshot in Held.Where(snapshot => snapshot.Step > step).ToList())
            held[snapshot.Slot] = null;
    }

    // Never the newest.
    private HeldSnapshot? Dispensable(long trusted, long horizon, bool isNeeded, long spared)
    {
        var all = Held.ToList();
        var anchor = all.Find(snapshot => snapshot.Step <= trusted);
        var candidates = Enumerable.Range(1, Math.Max(0, all.Count - 1)).Where(i => pins[all[i].Slot] == 0).ToList();
        return candidates.Where(i => all[i] != anchor && all[i].Step != spared)
                .OrderBy(Loss).ThenByDescending(static i => i).Select(i => all[i]).FirstOrDefault()
            ?? (isNeeded ? candidates.Select(i => all[i]).FirstOrDefault() : null);

        // A rollback to just before the next newer snapshot would use the next older one instead: extra steps, as a fraction of the
        // distance.
        double Loss(int i)
        {
            var (head, newer) = (all[0].Step, all[i - 1].Step);
            if (i + 1 < all.Count)
                return (newer - all[i + 1].Step) / (double)(head - newer + 1);

            // The oldest is useful until the next one is old enough, or until a checkpoint on disk is nearer.
            return head - newer >= horizon || head - all[i].Step > 2 * horizon ? -1 : double.MaxValue;
        }
    }
}
