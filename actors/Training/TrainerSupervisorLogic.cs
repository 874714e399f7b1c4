using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Supervision;
using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Training;

/// <summary>Decides when trainers are started, restarted and no longer restarted; has no clock, thread or actor.</summary>
public sealed class TrainerSupervisorLogic
{
    private readonly TrainerSupervisorOptions options;
    private readonly SortedDictionary<int, Post> posts = [];
    private List<TrainerSupervisorEffect> effects = [];
    private DateTimeOffset now;

    /// <exception cref="UserErrorException">The options are invalid.</exception>
    public TrainerSupervisorLogic(TrainerSupervisorOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Require();
        this.options = options;
    }

    /// <summary>When the next backoff ends, so that <see cref="Tick"/> is due; null if none is active.</summary>
    public DateTimeOffset? NextTick => posts.Values.Min(static post => post.StartAt);

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
                if (post.Life is { } retired)
                    Do(new StopTrainer(retired));
                post.Clear();
                break;
            case AbandonTrainer abandon:
                Abandon(abandon.Trainer, abandon.Reason);
                break;
        }

        return effects;
    }

    /// <param name="damage">The corruption that ended it.</param>
    public IReadOnlyList<TrainerSupervisorEffect> Ended(TrainerKey trainer, string reason, DateTimeOffset at, FoundDamage? damage = null,
        bool forMemory = false)
    {
        Begin(at);
        if (Find(trainer) is { } post)
            Lose(post, trainer, reason, damage, forMemory);
        return effects;
    }

    public IReadOnlyList<TrainerSupervisorEffect> Tick(DateTimeOffset at)
    {
        Begin(at);
        foreach (var post in posts.Values.Where(post => post.StartAt <= now))
            Spawn(post);
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
            Do(new TellRun(new TrainerStarted(life)));
        else if (post.Life is { } over)
            Abandon(over, "The run takes it for lost.");
        else if (post.StartAt is null || post.StartAt <= now)
            Spawn(post);
    }

    private void Abandon(TrainerKey trainer, string reason)
    {
        if (Find(trainer) is not { } post)
            return;
        Do(new StopTrainer(trainer));
        Lose(post, trainer, reason);
    }

    private void Spawn(Post post)
    {
        if (post.Life is { } present)
            throw new InvariantException($"{present} lives, and another life of it is begun.");
        if (post.GivenUp is not null)
            throw new InvariantException($"Trainer {post.Number} is given up, and another life of it is begun.");
        var life = new TrainerKey(post.Number, ++post.Incarnation);
        (post.Life, post.StartAt, post.BornAt) = (life, null, now);
        Do(new SpawnTrainer(life));
        Do(new TellRun(new TrainerStarted(life)));
    }

    private void Lose(Post post, TrainerKey life, string reason, FoundDamage? damage = null, bool forMemory = false)
    {
        if (now - post.BornAt >= options.ResetAfter)
            post.Backoff.Reset();
        post.Life = null;
        Do(new TellRun(new TrainerLost(life, reason) { Damage = damage }));
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

        public Backoff Backoff { get; } = new(options.MinBackoff, options.MaxBackoff);

        public FailureWindow Losses { get; } = new(options.Window, options.MaxLosses);

        public string? GivenUp { get; set; }

        public void Clear()
        {
            (Life, StartAt, GivenUp) = (null, null, null);
            Backoff.Reset();
            Losses.Clear();
        }
    }
}
