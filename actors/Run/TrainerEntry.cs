using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Run;

internal sealed class TrainerEntry(int number, FormerTrainer former, TimeSpan retryInterval)
{
    public int Number { get; } = number;

    /// <summary>Its current life; null between two.</summary>
    public TrainerKey? Key { get; set; }

    public TrainerStanding Standing { get; set; } = TrainerStanding.Starting;

    /// <summary>Updates that its weights are known to have seen; −1 if none are known.</summary>
    public long Step { get; set; } = -1;

    /// <summary>Updates that its weights will have seen after all commands sent; −1 if it was given no state.</summary>
    public long ToldStep { get; set; } = -1;

    /// <summary>The state that it was given and has not loaded yet.</summary>
    public LoadState? Loading
    {
        get;
        set
        {
            field = value;
            Load = value?.Number ?? Load;
        }
    }

    /// <summary>Number of the state that it was given last, in any life; null before the first.</summary>
    public long? Load { get; private set; }

    public List<(Ticket Ticket, LaneBlock Block, SkipList Skips)> Owes { get; } = [];

    public TrainerPace Pace { get; private set; } = new();

    public List<CheckCommand> Rechecks { get; } = [];

    /// <summary>The first step of its unverified work, in any life or process; <see cref="long.MaxValue"/> if all of it is
    /// verified.</summary>
    public long UnprovedSince { get; set; } = former.UnprovedSince;

    public int Corruptions { get; set; }

    public CopyState? Copying { get; set; }

    public Evaluate? Evaluating { get; set; }

    /// <summary>Where it is, or was last; null for this process.</summary>
    public string? Node { get; set; }

    /// <summary>Of which it was given the optimizer's state; null for all.</summary>
    public OwnedShards? Shards { get; set; }

    /// <summary>The update that its shards have seen, or are to see, before the rest of its weights.</summary>
    public UpdateShards? Updating { get; set; }

    /// <summary>Whether <see cref="Updating"/> is still unanswered.</summary>
    public bool OwesShards { get; set; }

    /// <summary>Whether to stop it once nothing needs it.</summary>
    public bool IsRetiring { get; set; }

    /// <summary>When it last answered, or was first asked after being idle.</summary>
    public DateTimeOffset HeardAt { get; set; }

    /// <summary>Whether it owes no answer.</summary>
    public bool IsQuiet { get; set; } = true;

    public RetryTimer Retry { get; } = new(retryInterval);

    public int LastIncarnation { get; set; } = former.LastIncarnation;

    /// <summary>What is remembered of it after it is gone.</summary>
    public FormerTrainer Former => new(LastIncarnation, UnprovedSince);

    public int Faults { get; set; }

    public string? LastFault { get; set; }

    public bool IsMember => Standing == TrainerStanding.Member;

    /// <summary>Whether it has, or is loading, a state.</summary>
    public bool HasState => ToldStep >= 0;

    public bool IsAsked => Key is not null && (Loading is not null || Owes.Count > 0 || Rechecks.Count > 0 || Copying is not null
        || Evaluating is not null || OwesShards || Step != ToldStep);

    public bool Owns(int shard) => Shards is null || Shards.Numbers.Contains(shard);

    public IEnumerable<LaneBlock> OwesIn(Round round) =>
        Owes.Where(owed => owed.Ticket.Round == round).Select(static owed => owed.Block);

    public int LanesOwed =>
        Owes.Sum(static owed => owed.Block.Count) + Rechecks.OfType<RecomputeBlock>().Sum(static check => check.Block.Count);

    /// <summary>Clears its state, its work and its life.</summary>
    public void Forget()
    {
        Key = null;
        Pace = new TrainerPace();
        ForgetState();
    }

    /// <summary>A command to it, for the state that it was given last.</summary>
    public ToTrainer Command(TrainerCommand command) => new(Key!.Value, command is LoadState ? command : command with { Load = Load });

    /// <summary>Clears its state and its work: it is to load another state.</summary>
    public void ForgetState()
    {
        if (Standing != TrainerStanding.GivenUp)
            Standing = TrainerStanding.Starting;
        (Step, ToldStep) = (-1, -1);
        (Loading, Copying, Evaluating, Shards, Updating, OwesShards) = (null, null, null, null, null, false);
        Owes.Clear();
        Rechecks.Clear();
    }

    /// <summary>Marks all its work as unverified, to be redone.</summary>
    /// <returns>The first step to redo.</returns>
    public long Doubt()
    {
        var since = UnprovedSince;
        UnprovedSince = long.MaxValue;
        return since;
    }

    public TrainerStatus Status() => new(
        Key ?? new TrainerKey(Number, LastIncarnation), Standing, string.Join(' ', Owes.Select(static owed => owed.Block)), Faults,
            LastFault)
        {
            IsSlow = Pace.IsSlow,
        };
}
