using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.PostTraining;

/// <summary>The workers of all roles, and the work that they have not done.</summary>
internal sealed class WorkerPools(RolloutsOptions options)
{
    // Enough that slots never run empty, and few enough that work is shared out evenly at the end of a step.
    private const int LoadPerSlot = 2;

    private const int JudgedAtOnce = 8;

    private readonly List<RolloutWork> open = [];
    private readonly List<WorkerPool> pools =
    [
        .. options.Judges.Prepend(ActorRole.Rollout).Select(role => new WorkerPool(
            role, options.CountOf(role), options.Supervision, options.Timeout, options.RetryInterval, options.OnNodes.Contains(role))),
    ];

    public WorkerPool this[ActorRole role] => pools.Find(pool => pool.Role == role)!;

    public DateTimeOffset? DueAt => pools.Min(static pool => pool.DueAt);

    public IEnumerable<ActorId> Workers => pools.SelectMany(static pool => pool.Workers);

    /// <summary>All work that is not done.</summary>
    public IReadOnlyList<RolloutWork> Open => open;

    /// <summary>Notes a sign of life.</summary>
    /// <returns>Whether that life is a present one.</returns>
    public bool Hear(ActorId worker, DateTimeOffset now) => pools.Exists(pool => pool.Hear(worker, now));

    /// <summary>A life has ended.</summary>
    public IEnumerable<RolloutsEffect> Ended(ActorId worker, LifeFailure failure, DateTimeOffset now) =>
        pools.SelectMany(pool => pool.Ended(worker, failure, now));

    /// <summary>A place was found for the next life of a worker.</summary>
    public RolloutsEffect? Placed(ActorRole role, int number, LifePlace place, DateTimeOffset now) =>
        this[role].Placed(number, place, now);

    public void Add(RolloutWork work) => open.Add(work);

    /// <summary>Takes work that is done, or not wanted any more, from everyone.</summary>
    public void Take(Predicate<RolloutWork> done)
    {
        open.RemoveAll(done);
        foreach (var pool in pools)
            pool.Take(work => done((RolloutWork)work));
    }

    /// <summary>Keeps workers alive, and gives them the work that nobody has.</summary>
    public IEnumerable<RolloutsEffect> Advance(DateTimeOffset now)
    {
        foreach (var effect in pools.SelectMany(pool => pool.Tick(now)))
            yield return effect;
        foreach (var pool in pools)
        {
            var waiting = open.Where(work => work.Role == pool.Role && !work.IsGiven).ToList();
            foreach (var effect in pool.Give(waiting, MostOf(pool.Role), now))
                yield return effect;
        }
    }

    // The load with which a worker is given nothing more.
    private int MostOf(ActorRole role) => role switch
    {
        ActorRole.Rollout => LoadPerSlot * options.Rollouts.Slots,
        ActorRole.Reward => Math.Max(JudgedAtOnce, options.ScoredAtOnce),
        _ => JudgedAtOnce,
    };
}
