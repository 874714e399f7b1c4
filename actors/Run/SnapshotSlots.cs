namespace ActorTrain.Actors.Run;

/// <summary>A snapshot in memory.</summary>
/// <param name="Slot">Where.</param>
/// <param name="Step">Updates that the state has seen.</param>
/// <param name="Hash">Hash of the state.</param>
/// <param name="Course">What decides how it goes on from there.</param>
public sealed record HeldSnapshot(int Slot, long Step, ulong Hash, Course Course);

/// <summary>Which slot of the memory for snapshots holds what, and who needs it.</summary>
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

    /// <summary>A slot to fill, or null: nobody needs it, and it does not hold the newest snapshot. It is pinned.</summary>
    public int? Take()
    {
        var newest = Newest?.Slot;
        var free = Enumerable.Range(0, held.Length)
            .Where(slot => pins[slot] == 0 && slot != newest)
            .OrderBy(slot => held[slot]?.Step ?? long.MinValue)
            .Cast<int?>()
            .FirstOrDefault();
        if (free is { } taken)
        {
            held[taken] = null;
            pins[taken]++;
        }

        return free;
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
}
