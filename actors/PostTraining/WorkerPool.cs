using System.Collections.Frozen;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Supervision;
using ActorTrain.Actors.Training;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.PostTraining;

/// <summary>Workers of one role: keeps them alive, in this process or on nodes, and knows which work each has. Has no clock, thread or
/// actor.</summary>
internal sealed class WorkerPool
{
    private readonly TrainerSupervisorOptions options;
    private readonly TimeSpan timeout;
    private readonly TimeSpan retryInterval;
    private readonly bool seeksPlaces;
    private readonly List<Post> posts = [];
    private readonly FailureWindow replacements;
    private int nextNumber;

    /// <param name="seeksPlaces">Whether each life needs a place on a node, for which it waits without limit.</param>
    public WorkerPool(ActorRole role, int count, TrainerSupervisorOptions options, TimeSpan timeout, TimeSpan retryInterval,
        bool seeksPlaces = false)
    {
        (Role, this.options, this.timeout, this.retryInterval) = (role, options, timeout, retryInterval);
        this.seeksPlaces = seeksPlaces;
        replacements = new FailureWindow(options.Window, options.MaxLosses);
        for (var i = 0; i < count; i++)
            posts.Add(NewPost());
    }

    public ActorRole Role { get; }

    public int Count => posts.Count;

    /// <summary>When a backoff ends, or a worker or who finds places is to be reminded; null if none is due.</summary>
    public DateTimeOffset? DueAt =>
        posts.Min(static post => post.Life is null ? post.StartAt : post.Work.Count > 0 ? post.RemindAt : null);

    public IEnumerable<ActorId> Workers => posts.Select(static post => post.Life).OfType<ActorId>();

    /// <summary>Starts those whose backoff is over, reminds those that are silent, and gives up on those that are silent for too
    /// long.</summary>
    public IEnumerable<RolloutsEffect> Tick(DateTimeOffset now)
    {
        foreach (var post in posts)
        {
            if (post.Life is null && post.StartAt <= now)
            {
                if (seeksPlaces)
                {
                    // Repeated, since who finds places may have been replaced.
                    (post.IsSeeking, post.StartAt) = (true, now + retryInterval);
                    yield return new AskForPlace(new SeekPlace(Role, post.Number));
                    continue;
                }

                yield return Begin(post, null, now);
            }
            else if (post.Life is { } life && post.Work.Count > 0 && post.RemindAt <= now)
            {
                if (now - post.HeardAt >= timeout)
                {
                    yield return new StopWorker(life);
                    foreach (var effect in Lose(post, $"No heartbeat for {timeout.TotalSeconds:0.###} s.", now, forMemory: false))
                        yield return effect;
                    continue;
                }

                post.RemindAt = now + retryInterval;
                foreach (var work in post.Work)
                    yield return new TellWorker(life, work.Command());
            }
        }
    }

    /// <summary>A place was found for the next life of a worker.</summary>
    /// <param name="number">Of the worker.</param>
    public RolloutsEffect? Placed(int number, LifePlace place, DateTimeOffset now)
    {
        var post = posts.Find(post => post.Number == number);
        return post is { IsSeeking: true } ? Begin(post, place, now)
            : post?.Place != place ? new AskForPlace(new LeavePlace(place)) : null;
    }

    /// <summary>Changes the number of workers; what those who go had to do waits for others.</summary>
    public IEnumerable<RolloutsEffect> Resize(int count)
    {
        while (posts.Count < count)
            posts.Add(NewPost());
        while (posts.Count > count)
        {
            // Who does not live at present, has the least to lose.
            var post = posts.FindLast(static post => post.Life is null) ?? posts[^1];
            posts.Remove(post);
            foreach (var effect in Dismiss(post))
                yield return effect;
        }
    }

    /// <summary>Notes a sign of life.</summary>
    /// <returns>Whether that life is the present one.</returns>
    public bool Hear(ActorId worker, DateTimeOffset now)
    {
        if (Find(worker) is not { } post)
            return false;
        (post.HeardAt, post.RemindAt) = (now, now + retryInterval);
        return true;
    }

    /// <summary>A life has ended by itself, or is to end. If its node ended, that is no failure of the worker: it counts for no limit, and
    /// the next life begins wherever there is room, without a wait.</summary>
    public IEnumerable<RolloutsEffect> Ended(ActorId worker, LifeFailure failure, DateTimeOffset now) =>
        Find(worker) is not { } post ? [] : failure.Node is { } end ? Leave(post, failure.Reason, end, now)
            : Lose(post, failure.Reason, now, failure.ForMemory);

    /// <summary>Whether there are others than these, or will be.</summary>
    public bool HasOthers(IReadOnlySet<int> numbers) => posts.Exists(post => !post.IsGivenUp && !numbers.Contains(post.Number));

    /// <summary>Puts another in the place of a worker that computes wrongly, or may do so.</summary>
    public IEnumerable<RolloutsEffect> Replace(ActorId worker, DateTimeOffset now)
    {
        var index = posts.FindIndex(post => post.Number == worker.Number);
        if (index < 0)
            yield break;
        foreach (var effect in Dismiss(posts[index]))
            yield return effect;
        posts[index] = NewPost();
        if (replacements.Add(now, forMemory: false, "and others computed wrongly") is not { } often)
            yield break;
        posts[index].StartAt = null;
        yield return new TellRunOf(new ActorGivenUp(
            worker, $"{worker} {often}, and no other is put in its place. More is in {options.Log}."));
    }

    /// <summary>Gives waiting work to those who have the least, up to a load for each.</summary>
    /// <param name="most">A worker with this load is given nothing more.</param>
    public IEnumerable<RolloutsEffect> Give(IEnumerable<Work> waiting, int most, DateTimeOffset now)
    {
        foreach (var work in waiting)
        {
            var free = posts.Where(post => post.Life is not null && post.Load < most).ToList();
            if (free.Count == 0)
                yield break;
            var others = work.NotBy;
            if (others.Count > 0 && HasOthers(others))
                free.RemoveAll(post => others.Contains(post.Number));
            if (free.Count == 0)
                continue;
            var post = free.MinBy(static post => post.Load)!;
            if (post.Work.Count == 0)
                (post.HeardAt, post.RemindAt) = (now, now + retryInterval);
            work.IsGiven = true;
            work.GivenTo = post.Number;
            post.Work.Add(work);
            yield return new TellWorker(post.Life!.Value, work.Command());
        }
    }

    /// <summary>Takes work that is done, or not wanted any more, from everyone.</summary>
    public void Take(Predicate<Work> done)
    {
        foreach (var post in posts)
            post.Work.RemoveAll(done);
    }

    private SpawnWorker Begin(Post post, LifePlace? place, DateTimeOffset now)
    {
        post.Begin(new ActorId(Role, post.Number, ++post.Lives), place, now);
        return new SpawnWorker(post.Life!.Value) { Place = place };
    }

    private static IEnumerable<RolloutsEffect> Dismiss(Post post)
    {
        if (post.Life is { } life)
            yield return new StopWorker(life);
        if (post.IsSeeking)
            yield return new AskForPlace(new ForgetPlace(post.Role, post.Number));
        post.ReturnWork();
    }

    private static IEnumerable<RolloutsEffect> Leave(Post post, string reason, NodeEnd end, DateTimeOffset now)
    {
        var life = post.Life!.Value;
        post.ReturnWork();
        post.End(now);
        if (end == NodeEnd.Lost)
            yield return new TellRunOf(new WorkerLost(life, reason));
    }

    private IEnumerable<RolloutsEffect> Lose(Post post, string reason, DateTimeOffset now, bool forMemory)
    {
        var life = post.Life!.Value;
        if (now - post.BornAt >= options.ResetAfter)
            post.Backoff.Reset();
        post.ReturnWork();
        post.End(now + post.Backoff.Next());
        yield return new TellRunOf(new WorkerLost(life, reason));
        if (post.Losses.Add(now, forMemory, "was lost") is not { } often)
            yield break;
        post.StartAt = null;
        var advice = forMemory ? options.MemoryAdvice + " " : "";
        yield return new TellRunOf(new ActorGivenUp(
            life, $"{life} {often} and is not started again; the last time: {reason} {advice}More is in {options.Log}."));
    }

    private Post? Find(ActorId worker) => posts.Find(post => post.Life == worker);

    private Post NewPost() => new(Role, nextNumber++, options);

    /// <summary>Something for one worker to do.</summary>
    internal abstract class Work
    {
        /// <summary>Whether a worker has it.</summary>
        public bool IsGiven { get; set; }

        /// <summary>The number of the worker that had it last; −1 for none.</summary>
        public int GivenTo { get; set; } = -1;

        /// <summary>Numbers of workers that do not get it while there are others.</summary>
        public virtual IReadOnlySet<int> NotBy => FrozenSet<int>.Empty;

        public virtual int Load => 1;

        public abstract WorkerCommand Command();
    }

    private sealed class Post(ActorRole role, int number, TrainerSupervisorOptions options)
    {
        public ActorRole Role => role;

        public int Number => number;

        public int Lives { get; set; }

        public ActorId? Life { get; private set; }

        /// <summary>Where <see cref="Life"/> is hosted; null in this process.</summary>
        public LifePlace? Place { get; private set; }

        /// <summary>Whether the next life waits for a place.</summary>
        public bool IsSeeking { get; set; }

        /// <summary>Null if it is not to be started again.</summary>
        public DateTimeOffset? StartAt { get; set; } = DateTimeOffset.MinValue;

        public DateTimeOffset BornAt { get; private set; }

        public DateTimeOffset HeardAt { get; set; }

        public DateTimeOffset RemindAt { get; set; }

        public Backoff Backoff { get; } = new(options.MinBackoff, options.MaxBackoff);

        public FailureWindow Losses { get; } = new(options.Window, options.MaxLosses);

        public List<Work> Work { get; } = [];

        public int Load => Work.Sum(static work => work.Load);

        public void Begin(ActorId life, LifePlace? place, DateTimeOffset now)
        {
            (Life, Place, IsSeeking) = (life, place, false);
            (StartAt, BornAt, HeardAt, RemindAt) = (null, now, now, now);
        }

        public bool IsGivenUp => Life is null && StartAt is null;

        public void End(DateTimeOffset startAt) => (Life, Place, StartAt) = (null, null, startAt);

        /// <summary>What it had to do waits for others.</summary>
        public void ReturnWork()
        {
            foreach (var work in Work)
                work.IsGiven = false;
            Work.Clear();
        }
    }
}
