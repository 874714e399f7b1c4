using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Recovery;

/// <summary>What is left of a run in a process when its supervisor fails; its successor continues from it, and reuses no name.</summary>
/// <param name="Origins">Checkpoints by step, after <see cref="RunOrigin.Seed"/>.</param>
/// <param name="Trainers">Requested number of trainers; null for that in the options.</param>
/// <param name="Known">What is known of each former trainer.</param>
/// <param name="Unwritten">What neither journal nor metrics file contains yet.</param>
public sealed record RecoveryState(
    IReadOnlyList<RunOrigin> Origins, IReadOnlyList<HeldSnapshot> Held, long LastRound, long Generation, int? Trainers,
    IReadOnlyDictionary<int, FormerTrainer> Known, UnwrittenRecords Unwritten)
{
    /// <summary>The newest checkpoint, or <see cref="RunOrigin.Seed"/>.</summary>
    public RunOrigin Origin => Origins[^1];

    /// <summary>The state of a process that starts or resumes.</summary>
    /// <param name="origins">Checkpoints by step; the run continues from the last, unless it has rolled back since. If empty, it begins
    /// from the seed.</param>
    /// <param name="unwritten">What the previous process could not write.</param>
    public static RecoveryState Of(IEnumerable<RunOrigin> origins, UnwrittenRecords? unwritten = null)
    {
        IReadOnlyList<RunOrigin> all = [RunOrigin.Seed, .. origins.Where(static origin => origin.WeightsHash is not null)];
        return new(all, [], 0, 0, null, new Dictionary<int, FormerTrainer>(), unwritten ?? UnwrittenRecords.None(all[^1].Step));
    }
}

/// <param name="UnprovedSince">The first step of its unverified work; <see cref="long.MaxValue"/> if there is none.</param>
public readonly record struct FormerTrainer(int LastIncarnation, long UnprovedSince)
{
    public static FormerTrainer None { get; } = new(0, long.MaxValue);
}

/// <summary>Records not yet in the journal or the metrics file.</summary>
/// <param name="Recorded">Decisions that are known to be durable.</param>
/// <param name="MetricsStep">The last step whose measurement is in the file.</param>
public sealed record UnwrittenRecords(long Recorded, IReadOnlyList<RunEvent> Decisions, long MetricsStep,
    IReadOnlyList<MetricsItem> Measurements)
{
    public static UnwrittenRecords None(long step) => new(0, [], step, []);

    /// <summary>All decisions of a run.</summary>
    /// <param name="recorded">The journal's decisions; it may hold some of the unwritten ones without acknowledgement, and late ones of a
    /// former life.</param>
    public IReadOnlyList<RunEvent> After(IReadOnlyList<RunEvent> recorded)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        var owed = new Queue<RunEvent>(Decisions);
        foreach (var decision in recorded.Skip((int)Recorded))
        {
            if (owed.TryPeek(out var next) && next.Equals(decision))
                owed.Dequeue();
        }

        return [.. recorded, .. owed];
    }

    public bool IsEmpty => Decisions.Count == 0 && Measurements.Count == 0;
}

/// <summary>What a run resumes from in this process.</summary>
public sealed record RecoveryFound(RecoveryState State);
