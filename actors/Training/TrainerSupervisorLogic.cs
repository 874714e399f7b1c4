using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Supervision;
using ActorTrain.Models;
using ActorTrain.Models.Options;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Training;

/// <summary>Decides when trainers are started, restarted and no longer restarted; has no clock, thread or actor.</summary>
public sealed class TrainerSupervisorLogic
{
    // So long the beginning of a run, or its end, waits for nodes that may come.
    private static readonly TimeSpan PlacePatience = TimeSpan.FromSeconds(5);

    private readonly TrainerSupervisorOptions options;
    private readonly bool seeksPlaces;
    private readonly SortedDictionary<int, Post> posts = [];
    private List<TrainerSupervisorEffect> effects = [];
    private DateTimeOffset now;

    /// <param name="seeksPlaces">Whether each life needs a place on a node, for which it waits without limit.</param>
    /// <exception cref="UserErrorException">The options are invalid.</exception>
    public TrainerSupervisorLogic(TrainerSupervisorOptions options, bool seeksPlaces = false)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Require();
        this.options = options;
        this.seeksPlaces = seeksPlaces;
    }

    /// <summary>When <see cref="Tick"/> is due: a backoff ends, or a search for a place has become long; null if there is
    /// neither.</summary>
    public DateTimeOffset? NextTick => posts.Values.Min(static post => post.StartAt ?? post.OverdueAt);

    /// <returns>The effects, in order.</returns>
    public IReadOnlyList<TrainerSupervisorEffect> Handle(TrainerSupervisorCommand command, DateTimeOffset at)
    {
        Begin(at);
        switch (command)
        {
            case StartTrainer start:
                Start(start);
                break;
            case RetireTrainer retire when posts.TryGetValue(retire.Number, out var post):
                Retire(post);
                break;
            case RetireOthers others:
                foreach (var post in posts.Values.Where(post => !others.Kept.Contains(post.Number)))
                    Retire(post);
                break;
            case AbandonTrainer abandon:
                Abandon(abandon.Trainer, abandon.Reason);
                break;
        }

        return effects;
    }

    /// <summary>A place was found for the next life of a trainer.</summary>
    public IReadOnlyList<TrainerSupervisorEffect> Placed(int trainer, LifePlace place, DateTimeOffset at)
    {
        Begin(at);
        if (posts.TryGetValue(trainer, out var post) && post.IsSeeking)
            Spawn(post, place);
        else if (post?.Place != place)
            Do(new TellPlaces(new LeavePlace(place)));
        return effects;
    }

    /// <summary>A life ended by itself. If its node ended, that is no failure of the trainer: it counts for no limit, and the next life
    /// begins wherever there is room, without a wait.</summary>
    public IReadOnlyList<TrainerSupervisorEffect> Ended(TrainerKey trainer, LifeFailure failure, DateTimeOffset at)
    {
        Begin(at);
        if (Find(trainer) is { } post)
            Lose(post, trainer, failure);
        return effects;
    }

    public IReadOnlyList<TrainerSupervisorEffect> Tick(DateTimeOffset at)
    {
        Begin(at);
        foreach (var post in posts.Values.Where(post => post.StartAt <= now))
            BeginLife(post);
        foreach (var post in posts.Values.Where(post => post.OverdueAt <= now))
        {
            post.OverdueAt = null;
            Do(new TellRun(new TrainerUnplaced(post.Number)));
        }

        return effects;
    }

    private void Start(StartTrainer start)
    {
        if (!posts.TryGetValue(start.Number, out var post))
            posts.Add(start.Number, post = new Post(start.Number, options));
        post.Incarnation = Math.Max(post.Incarnation, start.AfterIncarnation);
        if (post.GivenUp is { } report)
            Do(new TellRun(new TrainerGivenUp(post.Number, report)));
        else if (post.Life is { } life && life.Incarnation > start.AfterIncarnation)
            Do(new TellRun(new TrainerStarted(life) { Node = post.Place?.Node }));
        else if (post.Life is { } over)
            Abandon(over, "The run takes it for lost.");
        else if (post.StartAt is null || post.StartAt <= now)
            BeginLife(post);
    }

    private void Retire(Post post)
    {
        if (post.Life is { } retired)
            Do(new StopTrainer(retired));
        if (post.IsSeeking)
            Do(new TellPlaces(new ForgetPlace(ActorRole.Trainer, post.Number)));
        post.Clear();
    }

    private void Abandon(TrainerKey trainer, string reason)
    {
        if (Find(trainer) is not { } post)
            return;
        Do(new StopTrainer(trainer));
        Lose(post, trainer, new LifeFailure(reason));
    }

    private void BeginLife(Post post)
    {
        if (!seeksPlaces)
        {
            Spawn(post, null);
            return;
        }

        if (!post.IsSeeking)
            post.OverdueAt = now + PlacePatience;
        else if (post.OverdueAt is null)
            Do(new TellRun(new TrainerUnplaced(post.Number)));
        (post.IsSeeking, post.StartAt) = (true, null);
        Do(new TellPlaces(new SeekPlace(ActorRole.Trainer, post.Number)));
    }

    private void Spawn(Post post, LifePlace? place)
    {
        if (post.Life is { } present)
            throw new InvariantException($"{present} lives, and another life of it is begun.");
        if (post.GivenUp is not null)
            throw new InvariantException($"Trainer {post.Number} is given up, and another life of it is begun.");
        var life = new TrainerKey(post.Number, ++post.Incarnation);
        (post.Life, post.StartAt, post.BornAt) = (life, null, now);
        (post.Place, post.IsSeeking, post.OverdueAt) = (place, false, null);
        Do(new SpawnTrainer(life) { Place = place });
        Do(new TellRun(new TrainerStarted(life) { Node = place?.Node }));
    }

    private void Lose(Post post, TrainerKey life, LifeFailure failure)
    {
        var (reason, damage, forMemory) = failure;
        var report = new TellRun(new TrainerLost(life, reason) { Damage = damage, HasLeft = failure.Node == NodeEnd.Left });
        if (failure.Node is not null)
        {
            post.Life = null;
            Do(report);
            BeginLife(post);
            return;
        }

        if (now - post.BornAt >= options.ResetAfter)
            post.Backoff.Reset();
        post.Life = null;
        Do(report);
        if (post.Losses.Add(now, forMemory, "was lost") is { } often)
        {
            var advice = forMemory ? options.MemoryAdvice + " " : "";
            post.GivenUp =
                $"Trainer {post.Number} {often} and is not started again; the last time: {Sentence(reason)} {advice}More is in "
                + $"{options.Log}, under {life}.";
            Do(new TellRun(new TrainerGivenUp(post.Number, post.GivenUp)));
            return;
        }

        post.StartAt = now + post.Backoff.Next();
    }

    private static string Sentence(string reason) => reason.EndsWith('.') ? reason : reason + ".";

    private Post? Find(TrainerKey trainer) => posts.TryGetValue(trainer.Number, out var post) && post.Life == trainer ? post : null;

    private void Begin(DateTimeOffset at)
    {
        now = at;
        effects = [];
    }

    private void Do(TrainerSupervisorEffect effect) => effects.Add(effect);

    // State of one number; kept after the trainer is retired, so that no name is reused.
    private sealed class Post(int number, TrainerSupervisorOptions options)
    {
        public int Number => number;

        public int Incarnation { get; set; }

        public TrainerKey? Life { get; set; }

        public DateTimeOffset BornAt { get; set; }

        public DateTimeOffset? StartAt { get; set; }

        /// <summary>Where <see cref="Life"/> is hosted; null in this process.</summary>
        public LifePlace? Place { get; set; }

        public bool IsSeeking { get; set; }

        /// <summary>When its search for a place is reported; null if it was, or if there is none.</summary>
        public DateTimeOffset? OverdueAt { get; set; }

        public Backoff Backoff { get; } = new(options.MinBackoff, options.MaxBackoff);

        public FailureWindow Losses { get; } = new(options.Window, options.MaxLosses);

        public string? GivenUp { get; set; }

        public void Clear()
        {
            (Life, StartAt, OverdueAt, GivenUp, IsSeeking) = (null, null, null, null, false);
            Backoff.Reset();
            Losses.Clear();
        }
    }
}
