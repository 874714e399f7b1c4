using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Recovery;

/// <summary>What is left of a run in a process when its supervisor fails: enough for the next one to continue, and never to give a name
/// twice.</summary>
/// <param name="Origins">The checkpoints that there are, by step, after <see cref="RunOrigin.Seed"/>.</param>
/// <param name="Trainers">Trainers wanted; null: as many as the options say.</param>
/// <param name="Known">What is to be known of each trainer that there was.</param>
/// <param name="Unwritten">What neither journal nor metrics file has yet.</param>
public sealed record RecoveryState(
    IReadOnlyList<RunOrigin> Origins, IReadOnlyList<HeldSnapshot> Held, long LastRound, long Generation, int? Trainers,
        IReadOnlyDictionary<int, FormerTrainer> Known,
    UnwrittenRecords Unwritten)
{
    /// <summary>The newest checkpoint, or <see cref="RunOrigin.Seed"/>.</summary>
    public RunOrigin Origin => Origins[^1];

    /// <summary>A process that begins, or resumes from a checkpoint.</summary>
    /// <param name="origins">Where it can begin, by step; the last is where it does, unless the run has rolled back since. Without any, it
    /// begins from the seed.</param>
    /// <param name="unwritten">What the process before it could not write.</param>
    public static RecoveryState Of(IEnumerable<RunOrigin> origins, UnwrittenRecords? unwritten = null)
    {
        IReadOnlyList<RunOrigin> all = [RunOrigin.Seed, .. origins.Where(static origin => origin.WeightsHash is not null)];
        return new(all, [], 0, 0, null, new Dictionary<int, FormerTrainer>(), unwritten ?? UnwrittenRecords.None(all[^1].Step));
    }
}

/// <param name="UnprovedSince">The first step of which what it computed is not proved; <see cref="long.MaxValue"/>: there is none.</param>
public readonly record struct FormerTrainer(int LastIncarnation, long UnprovedSince)
{
    /// <summary>One that never lived.</summary>
    public static FormerTrainer None { get; } = new(0, long.MaxValue);
}

/// <summary>Records that are owed to the journal and to the metrics file.</summary>
/// <param name="Recorded">Decisions that are known to be durable.</param>
/// <param name="MetricsStep">The last step whose measurement is in the file.</param>
public sealed record UnwrittenRecords(long Recorded, IReadOnlyList<RunEvent> Decisions, long MetricsStep,
    IReadOnlyList<MetricsItem> Measurements)
{
    /// <summary>Nothing is owed.</summary>
    public static UnwrittenRecords None(long step) => new(0, [], step, []);

    /// <summary>All decisions of a run.</summary>
    /// <param name="recorded">Those that the journal holds; some of the others may have become durable without its being heard of, and some
    /// of a former life may have landed late.</param>
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

    /// <summary>Whether nothing is owed.</summary>
    public bool IsEmpty => Decisions.Count == 0 && Measurements.Count == 0;
}
