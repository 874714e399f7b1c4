using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.PostTraining;

/// <summary>Has the rollouts of a step sampled, scored, compared with the reference, given values and kept, and makes of them what the
/// step is trained on.</summary>
/// <remarks>A pure state machine: inputs and the time go in, effects come out. Messages may be lost, repeated, delayed or reordered, and
/// workers may die at any moment. A rollout and its reward are pure functions of their names, so whoever computes them, and how often,
/// changes nothing; two different answers prove that somebody computed wrongly, and a third decides.</remarks>
public sealed class RolloutsLogic
{
    // Enough that slots never run empty, and few enough that work is shared out evenly at the end of a step.
    private const int LoadPerSlot = 2;

    private const int JudgedAtOnce = 8;

    private readonly RolloutsOptions options;
    private readonly WorkerPool generators;
    private readonly WorkerPool rewards;
    private readonly WorkerPool references;
    private readonly WorkerPool critics;
    private readonly List<WorkerPool> pools;
    private readonly List<GenerationWork> generations = [];
    private readonly List<JudgementWork> judgements = [];

    // Numbers of samplers that computed wrongly, in whatever life.
    private readonly HashSet<int> reported = [];
    private List<RolloutsEffect> effects = [];
    private readonly SortedDictionary<long, Preparation> preparations = [];
    private DateTimeOffset ledgerRemindAt;
    private DateTimeOffset now;
    private long oldest;

    public RolloutsLogic(RolloutsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options;
        generators = Pool(ActorRole.Rollout, options.Rollouts.Workers);
        rewards = Pool(ActorRole.Reward, options.Rewards);
        references = Pool(ActorRole.Reference, options.References);
        critics = Pool(ActorRole.Critic, options.Critics);
        pools = [generators, rewards, references, critics];

        WorkerPool Pool(ActorRole role, int count) => new(role, count, options.Supervision, options.Timeout, options.RetryInterval);
    }

    /// <summary>When <see cref="Tick"/> is due; null if it is not.</summary>
    public DateTimeOffset? NextTick
    {
        get
        {
            DateTimeOffset? ledger = preparations.Values.Any(static one => one.Pending is not null) ? ledgerRemindAt : null;
            return pools.Select(static pool => pool.DueAt).Append(ledger).Min();
        }
    }

    private bool HasReferences => options.References > 0;

    private bool HasValues => options.Critics > 0;

    /// <returns>The effects, in order.</returns>
    public IReadOnlyList<RolloutsEffect> Begin(DateTimeOffset at)
    {
        Start(at);
        Tell(new RolloutsStarted());
        return Advance();
    }

    public IReadOnlyList<RolloutsEffect> Tick(DateTimeOffset at)
    {
        Start(at);
        if (ledgerRemindAt <= now)
        {
            foreach (var preparation in preparations.Values.Where(static preparation => preparation.Pending is not null))
                Ask(preparation, preparation.Pending!);
        }

        return Advance();
    }

    public IReadOnlyList<RolloutsEffect> Handle(PrepareExperience asked, DateTimeOffset at)
    {
        Start(at);
        Forget(asked.Oldest);
        if (preparations.TryGetValue(asked.Number, out var known))
        {
            if (known.Done is { } done)
                Tell(done);
        }
        else if (asked.Number >= oldest)
        {
            Prepare(asked);
        }

        return Advance();
    }

    public IReadOnlyList<RolloutsEffect> Handle(WorkerReport report, DateTimeOffset at)
    {
        Start(at);
        var isAlive = pools.Exists(pool => pool.Hear(report.Worker, now));
        if (report is ScoringDelayed(_, _, var reason) && isAlive)
            Tell(new JudgeDelayed(reason));
        if (preparations.GetValueOrDefault(report.Number) is { Done: null, Pending: null } preparation
            && !(report is RolloutDone && reported.Contains(report.Worker.Number)))
            Note(preparation, report, isAlive);
        return Advance();
    }

    /// <summary>A worker has stopped.</summary>
    public IReadOnlyList<RolloutsEffect> Ended(ActorId worker, string reason, bool forMemory, DateTimeOffset at)
    {
        Start(at);
        foreach (var pool in pools)
            effects.AddRange(pool.Ended(worker, reason, now, forMemory));
        return Advance();
    }

    public IReadOnlyList<RolloutsEffect> Handle(LedgerReport report, DateTimeOffset at)
    {
        Start(at);
        if (preparations.GetValueOrDefault(report.Number) is { Pending: { } asked } preparation)
        {
            switch (report, asked)
            {
                case (RolloutsRead(_, var rollouts), ReadRollouts):
                    preparation.Pending = null;
                    if (preparation.Accepts(rollouts, options.Rollouts.Samples, HasReferences, HasValues))
                        Finish(preparation, rollouts!);
                    else
                        Plan(preparation);
                    break;
                case (RolloutsKept, KeepRollouts):
                    preparation.Pending = null;
                    Finish(preparation);
                    break;
                case (LedgerFailed(_, var reason), KeepRollouts):
                    Tell(new RolloutsFailed(reason));
                    break;
            }
        }

        return Advance();
    }

    private void Start(DateTimeOffset at) => (now, effects) = (at, []);

    private void Tell(IRunInput report) => effects.Add(new TellRunOf(report));

    private void Prepare(PrepareExperience asked)
    {
        var preparation = new Preparation(asked, options.Prompts(asked.Step, asked.Skips), options.Rollouts.Samples);
        preparations.Add(asked.Number, preparation);
        if (asked.IsDoubted)
            Plan(preparation);
        else
            Ask(preparation, new ReadRollouts(asked.Number, asked.Step));
    }

    // The run has left what was asked for before.
    private void Forget(long before)
    {
        if (before <= oldest)
            return;
        oldest = before;
        foreach (var number in preparations.Keys.Where(number => number < before).ToList())
        {
            Stop(preparations[number]);
            preparations.Remove(number);
        }

        foreach (var worker in pools.SelectMany(static pool => pool.Workers))
            effects.Add(new TellWorker(worker, new ForgetRollouts(before)));
    }

    private void Stop(Preparation preparation)
    {
        generations.RemoveAll(work => work.Preparation == preparation);
        judgements.RemoveAll(work => work.Preparation == preparation);
        foreach (var pool in pools)
            pool.Take(work => work is RolloutWork mine && mine.Preparation == preparation);
    }

    private void Ask(Preparation preparation, LedgerCommand command)
    {
        preparation.Pending = command;
        ledgerRemindAt = now + options.RetryInterval;
        effects.Add(new TellLedger(command));
    }

    private void Plan(Preparation preparation)
    {
        var samples = options.Rollouts.Samples;
        var all = preparation.Groups.Count() * samples;
        var share = Math.Clamp(all / (2 * Math.Max(1, options.Rollouts.Workers)), 1, samples);
        foreach (var group in preparation.Groups)
        {
            foreach (var part in Enumerable.Range(0, samples).Chunk(share))
                generations.Add(new GenerationWork(preparation, group, part, attempt: 0));
        }

        foreach (var (group, sample) in preparation.Compared(options.AuditEvery, samples))
            AskAgain(preparation, group, sample);
    }

    private void AskAgain(Preparation preparation, Preparation.Group group, int sample, bool toCompare = true)
    {
        var attempt = group.Votes[sample].AskAgain(toCompare);
        foreach (var other in generations.Where(work => work.Group == group && work.Left.Contains(sample)))
            other.Rivals = Rivals;
        generations.Add(new GenerationWork(preparation, group, [sample], attempt) { Rivals = Rivals });
    }

    // Who computes, or has computed, the same for comparison: a worker that computes wrongly may do so twice.
    private HashSet<int> Rivals(GenerationWork work) =>
    [
        .. generations.Where(other => other != work && other.IsGiven && other.Group == work.Group && other.Left.Overlaps(work.Left))
            .Select(static other => other.GivenTo),
        .. work.Left.SelectMany(sample => work.Group.Votes[sample].Others(work.Attempt)),
    ];

    private void Note(Preparation preparation, WorkerReport report, bool isAlive)
    {
        switch (report)
        {
            case RolloutDone done when preparation.Find(done.Position) is { } group && done.Sample < group.Votes.Length:
                Note(preparation, group, done, isAlive);
                break;
            case JudgementReport judged when preparation.Find(judged.Position) is { IsGenerated: true } group
                && judged.Attempt == group.Attempt:
                Note(group, judged, isAlive);
                break;
            case WeightsMissing missing when isAlive:
                Tell(new WeightsRefused(missing.Number, missing.Reason));
                break;
        }
    }

    private void Note(Preparation preparation, Preparation.Group group, RolloutDone done, bool isAlive)
    {
        var name = $"rollout {done.Sample} of prompt {done.Position} at step {preparation.Asked.Step}";
        if (preparation.ProblemOf(done, options.Pieces) is { } error)
        {
            if (isAlive)
                Distrust(preparation, done.Worker, $"{name} {error}");
            return;
        }

        var vote = group.Votes[done.Sample];
        var wasGenerated = group.IsGenerated;
        var before = vote.Accepted;
        vote.Add(done.Worker, done.Attempt, done.Rollout);
        foreach (var work in generations.Where(work => work.Group == group && work.Attempt == done.Attempt).ToList())
        {
            work.Left.Remove(done.Sample);
            if (work.Left.Count == 0)
                Complete(work);
        }

        if (vote.IsDisputed)
        {
            // Somebody decides who has not computed it yet.
            if (!generators.HasOthers(vote.Workers))
                effects.AddRange(generators.Replace(done.Worker, now));
            AskAgain(preparation, group, done.Sample);
        }

        foreach (var outlier in vote.Outliers.DistinctBy(static outlier => outlier.Number).ToList())
            Distrust(preparation, outlier, $"{name} differs from what two computations agree on");
        if (before is not null && vote.Accepted != before)
            Doubt(group);
        if (group.IsGenerated && (!wasGenerated || vote.Accepted != before))
        {
            judgements.Add(new JudgementWork(preparation, group, ActorRole.Reward));
            if (HasReferences)
                judgements.Add(new JudgementWork(preparation, group, ActorRole.Reference));
            if (HasValues)
                judgements.Add(new JudgementWork(preparation, group, ActorRole.Critic));
        }
    }

    private void Note(Preparation.Group group, JudgementReport report, bool isAlive)
    {
        if (report.ProblemFor(group.Votes.Length) is { } problem)
        {
            if (!isAlive)
                return;
            effects.Add(new StopWorker(report.Worker));
            foreach (var pool in pools)
                effects.AddRange(pool.Ended(report.Worker, problem, now));
        }
        else if (report is ScoringFailed failed)
        {
            Tell(new RolloutsFailed(failed.Reason));
        }
        else
        {
            Complete(group, group.Take(report));
        }
    }

    // A worker that computes wrongly is replaced, and all of the step that rests on it is sampled again.
    private void Distrust(Preparation preparation, ActorId outlier, string evidence)
    {
        reported.Add(outlier.Number);
        Tell(new WorkerCorrupted(outlier, evidence));
        effects.AddRange(generators.Replace(outlier, now));
        foreach (var unfinished in preparations.Values.Where(static one => one is { Done: null, Pending: null }))
        {
            foreach (var group in unfinished.Groups)
            {
                for (var sample = 0; sample < group.Votes.Length; sample++)
                {
                    if (!group.Votes[sample].Withdraw(outlier.Number))
                        continue;
                    AskAgain(unfinished, group, sample, toCompare: false);
                    Doubt(group);
                }
            }
        }
    }

    private void Doubt(Preparation.Group group)
    {
        group.Doubt();
        Complete(group, ActorRole.Reward);
        Complete(group, ActorRole.Reference);
        Complete(group, ActorRole.Critic);
    }

    private void Complete(GenerationWork work)
    {
        generations.Remove(work);
        generators.Take(taken => taken == work);
    }

    private void Complete(Preparation.Group group, ActorRole role)
    {
        judgements.RemoveAll(work => work.Group == group && work.Role == role);
        (role switch { ActorRole.Reward => rewards, ActorRole.Reference => references, _ => critics })
            .Take(work => work is JudgementWork judged && judged.Group == group);
    }

    private void Finish(Preparation preparation, StepRollouts rollouts)
    {
        preparation.Experience = ExperienceOf(preparation, rollouts);
        Finish(preparation);
    }

    private Experience ExperienceOf(Preparation preparation, StepRollouts rollouts) => new(
        rollouts.Groups, options.Advantages.Of(rollouts), options.Rollouts.MaxTokens,
        isOnPolicy: options.Rollouts.Epochs == 1 && preparation.Asked.Weights.Step == preparation.Asked.Step);

    private void Finish(Preparation preparation)
    {
        var (asked, experience) = (preparation.Asked, preparation.Experience!);
        effects.Add(new HandOver(asked.Step, experience));
        preparation.Done = new ExperiencePrepared(asked.Number, experience.Hash, experience.Summary);
        Tell(preparation.Done);
        Stop(preparation);
    }

    private RolloutPhase PhaseOf(Preparation preparation) => preparation.Pending is KeepRollouts ? RolloutPhase.Keeping
        : preparation.Pending is null && !generations.Exists(work => work.Preparation == preparation) ? RolloutPhase.Scoring
        : RolloutPhase.Sampling;

    private List<RolloutsEffect> Advance()
    {
        foreach (var pool in pools)
            effects.AddRange(pool.Tick(now));
        effects.AddRange(generators.Give(
            generations.Where(static work => !work.IsGiven).ToList(), LoadPerSlot * options.Rollouts.Slots, now));
        Judge(rewards, ActorRole.Reward, Math.Max(JudgedAtOnce, options.ScoredAtOnce));
        Judge(references, ActorRole.Reference);
        Judge(critics, ActorRole.Critic);
        foreach (var preparation in preparations.Values.Where(static preparation => preparation is { Done: null, Pending: null }))
        {
            // An audit that is under way may still change a rollout.
            if (generations.Exists(work => work.Preparation == preparation)
                || preparation.Complete(HasReferences, HasValues) is not { } rollouts)
                continue;
            preparation.Experience = ExperienceOf(preparation, rollouts);
            Ask(preparation, new KeepRollouts(preparation.Asked.Number, rollouts));
        }

        foreach (var preparation in preparations.Values.Where(one => one.Done is null && one.Phase != PhaseOf(one)))
            Tell(new ExperienceProgressed(preparation.Asked.Number, preparation.Phase = PhaseOf(preparation)));
        return effects;

        void Judge(WorkerPool pool, ActorRole role, int atOnce = JudgedAtOnce) => effects.AddRange(pool.Give(
            judgements.Where(work => work.Role == role && !work.IsGiven).ToList(), atOnce, now));
    }
}
