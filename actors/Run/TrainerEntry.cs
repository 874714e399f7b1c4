using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Run;

/// <summary>One trainer as the run knows it.</summary>
internal sealed class TrainerEntry(int number, FormerTrainer former, TimeSpan retryInterval)
{
    private long? load;

    public int Number { get; } = number;

    /// <summary>Its present life, or null between two.</summary>
    public TrainerKey? Key { get; set; }

    public TrainerStanding Standing { get; set; } = TrainerStanding.Starting;

    /// <summary>Updates that its weights are known to have seen; -1: none are known.</summary>
    public long Step { get; set; } = -1;

    /// <summary>Updates that its weights will have seen once it has obeyed everything it was told; -1: it was given no state.</summary>
    public long ToldStep { get; set; } = -1;

    /// <summary>The state it was given and has not yet taken over.</summary>
    public LoadState? Loading
    {
        get;
        set
        {
            field = value;
            load = value?.Number ?? load;
        }
    }

    /// <summary>Blocks it was asked for.</summary>
    public List<(Ticket Ticket, LaneBlock Block, SkipList Skips)> Owes { get; } = [];

    /// <summary>What it was asked to compute so that something can be judged.</summary>
    public List<CheckCommand> Rechecks { get; } = [];

    /// <summary>The first step of which its part is not proved: since it was last found to compute what others do, in whichever life or
    /// process, it took part. <see cref="long.MaxValue"/>: there is none.</summary>
    public long UnprovedSince { get; set; } = former.UnprovedSince;

    /// <summary>How often it found corrupt bits with itself.</summary>
    public int Corruptions { get; set; }

    /// <summary>The copy of its state it was asked for.</summary>
    public CopyState? Copying { get; set; }

    /// <summary>The evaluation it was asked for.</summary>
    public Evaluate? Evaluating { get; set; }

    /// <summary>Whether it is to go once nothing needs it.</summary>
    public bool IsRetiring { get; set; }

    /// <summary>When it was last heard of, or first asked after a silence in which nothing was asked.</summary>
    public DateTimeOffset HeardAt { get; set; }

    /// <summary>Whether nothing was asked of it that is not answered.</summary>
    public bool IsQuiet { get; set; } = true;

    /// <summary>When it is asked again.</summary>
    public RetryTimer Retry { get; } = new(retryInterval);

    public int LastIncarnation { get; set; } = former.LastIncarnation;

    /// <summary>What is to be known of it when it is gone.</summary>
    public FormerTrainer Former => new(LastIncarnation, UnprovedSince);

    public int Faults { get; set; }

    public string? LastFault { get; set; }

    public bool IsMember => Standing == TrainerStanding.Member;

    /// <summary>Whether it has, or is taking over, a state.</summary>
    public bool HasState => ToldStep >= 0;

    /// <summary>Whether an answer is due from it.</summary>
    public bool IsAsked => Key is not null && (Loading is not null || Owes.Count > 0 || Rechecks.Count > 0 || Copying is not null
        || Evaluating is not null || Step != ToldStep);

    public int LanesOwed =>
        Owes.Sum(static owed => owed.Block.Count) + Rechecks.OfType<RecomputeBlock>().Sum(static check => check.Block.Count);

    /// <summary>What it had and owed is gone, and so is it.</summary>
    public void Forget()
    {
        Key = null;
        ForgetState();
    }

    /// <summary>A command to it, which means the state that it was given last.</summary>
    public ToTrainer Command(TrainerCommand command) => new(Key!.Value, command is LoadState ? command : command with { Load = load });

    /// <summary>What it had and owed is gone: it is to take another state over.</summary>
    public void ForgetState()
    {
        if (Standing != TrainerStanding.GivenUp)
            Standing = TrainerStanding.Starting;
        (Step, ToldStep) = (-1, -1);
        (Loading, Copying, Evaluating) = (null, null, null);
        Owes.Clear();
        Rechecks.Clear();
    }

    /// <summary>Nothing that it took part in is proved any more, and all of it is to be taken again.</summary>
    /// <returns>The first step of that.</returns>
    public long Doubt()
    {
        var since = UnprovedSince;
        UnprovedSince = long.MaxValue;
        return since;
    }

    public TrainerStatus Status() => new(
        Key ?? new TrainerKey(Number, LastIncarnation), Standing, string.Join(' ', Owes.Select(static owed => owed.Block)), Faults,
            LastFault);
}
