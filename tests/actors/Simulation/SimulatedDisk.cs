using System.Globalization;
using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>The disk of a simulated run: it refuses, its user dies between two steps of a save, and a power cut takes what was not
/// synced.</summary>
internal sealed class SimulatedDisk(SimulatedWorld world) : ICheckpointDisk
{
    private readonly SortedDictionary<long, Checkpoint> files = [];
    private readonly Dictionary<long, string> announced = [];

    /// <summary>Whether no checkpoint can be written, but for the last.</summary>
    public bool Refuses { get; set; }

    /// <summary>States by step, as they are found under their names.</summary>
    public SortedDictionary<long, ulong> Checkpoints { get; } = [];

    /// <summary>All that a process finds.</summary>
    public IEnumerable<RunOrigin> Origins => files.Values.Select(static file => file.Origin);

    public IReadOnlyList<long> Steps() => [.. files.Keys.Reverse()];

    public string? Find(SaveCheckpoint save) =>
        files.TryGetValue(save.Step, out var file) && file.State == save.Hash && file.Origin.Overrides.Equals(save.Overrides)
            ? file.Origin.WeightsHash
            : null;

    public ICheckpointWriting? Write(SaveCheckpoint save)
    {
        var weather = world.Fate.Weather;
        if (world.Plane.Slots[save.Slot] != (save.Hash, save.Step))
            return null;
        if (save.Step < world.LastStep() && (Refuses || world.Fate.Chance(weather.SaveFails)))
            throw new UserErrorException("The disk is full.");
        world.Invariants.CheckState(null, save.Step, save.Hash);
        Interrupt();
        var rots = world.Fate.Chance(weather.SnapshotRots);

        // A trainer that was given up may come back late, and write into the slot.
        if (rots && save.Number % 2 == 0)
        {
            world.Plane.Slots[save.Slot] = default;
            return null;
        }

        return new Writing(this, save, rots ? "The snapshot was damaged in memory." : null);
    }

    public void MarkGood(MarkGood good)
    {
        if (files.TryGetValue(good.Step, out var file) && file.Origin.WeightsHash == good.WeightsHash && !file.IsDurable)
            throw new InvariantException($"The checkpoint of step {good.Step} proved good, and a power cut would take it.");
    }

    /// <summary>A checkpoint is announced: from now on nothing takes it but a later save.</summary>
    public void Announce(CheckpointSaved saved)
    {
        if (!files.TryGetValue(saved.Step, out var file) || file.Origin.WeightsHash != saved.WeightsHash)
            throw new InvariantException($"The checkpoint of step {saved.Step} is announced, and another or none is on disk.");
        if (!file.IsDurable)
            throw new InvariantException($"The checkpoint of step {saved.Step} is announced, and a power cut would take it.");
        announced[saved.Step] = saved.WeightsHash;
    }

    /// <summary>What was announced is there, and whole.</summary>
    public void Check()
    {
        foreach (var (step, hash) in announced)
        {
            if (!files.TryGetValue(step, out var file) || file.Origin.WeightsHash != hash)
                throw new InvariantException($"The checkpoint of step {step} was announced, and is gone.");
        }
    }

    public void CutPower()
    {
        foreach (var lost in files.Where(static file => !file.Value.IsDurable).Select(static file => file.Key).ToList())
            Delete(lost);
        Check();
    }

    // Whoever writes may die at any moment.
    private void Interrupt()
    {
        if (world.Fate.Chance(world.Fate.Weather.OthersCrash))
            throw new SimulatedCrashException();
    }

    private void Name(SaveCheckpoint save, bool isDurable, CheckpointHistory history)
    {
        var unproved = UnprovedWork.Read(UnprovedWork.Write(save.Unproved));
        var origin = new RunOrigin(save.Step, HashOf(save.Hash), save.Overrides) { Unproved = unproved };
        (files[save.Step], Checkpoints[save.Step]) = (new Checkpoint(save.Hash, origin, isDurable), save.Hash);
        announced.Remove(save.Step);
        var others = files.Values.Select(static file => file.Origin).Where(other => other.Step != save.Step && history.IsVoid(other));
        foreach (var left in others.Select(static other => other.Step).ToList())
        {
            announced.Remove(left);
            Delete(left);
        }
    }

    private void Delete(long step)
    {
        files.Remove(step);
        Checkpoints.Remove(step);
    }

    private static string HashOf(ulong state) => state.ToString("x16", CultureInfo.InvariantCulture);

    private sealed record Checkpoint(ulong State, RunOrigin Origin, bool IsDurable);

    private sealed class Writing(SimulatedDisk disk, SaveCheckpoint save, string? damage) : ICheckpointWriting
    {
        private bool isSynced;
        private bool isNamed;

        public string WeightsHash => HashOf(save.Hash);

        public string? Damage() => damage;

        public void Sync()
        {
            isSynced = true;
            if (isNamed)
                disk.files[save.Step] = disk.files[save.Step] with { IsDurable = true };
            disk.Interrupt();
        }

        public void Name(CheckpointHistory history)
        {
            disk.Name(save, isSynced, history);
            isNamed = true;
            disk.Interrupt();
        }

        public void Dispose()
        {
        }
    }
}

/// <summary>Whoever did something died in the middle of it.</summary>
internal sealed class SimulatedCrashException() : Exception("It was made to fail.");
