using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
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
    private readonly RolloutsOptions options;
    private readonly WorkerPools workers;

    // Workers that computed wrongly, in whatever life.
    private readonly HashSet<(ActorRole Role, int Number)> reported = [];
    private List<RolloutsEffect> effects = [];
    private readonly SortedDictionary<long, Preparation> preparations = [];
    private DateTimeOffset ledgerRemindAt;
    private bool isLedgerDelayed;
    private DateTimeOffset now;
    private long oldest;

    public RolloutsLogic(RolloutsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options;
        workers = new WorkerPools(options);
    }

    /// <summary>When <see cref="Tick"/> is due; null if it is not.</summary>
    public DateTimeOffset? NextTick
    {
        get
        {
            DateTimeOffset? ledger = preparations.Values.Any(static one => one.Pending is not null) ? ledgerRemindAt : null;
            return new[] { workers.DueAt, ledger }.Min();
        }
    }

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
        else if (asked.Number >= oldest
            && !preparations.Values.Any(one => one.Asked.Step == asked.Step && one.Asked.Number > asked.Number))
        {
            Prepare(asked);
        }

        return Advance();
    }

    public IReadOnlyList<RolloutsEffect> Handle(WorkerReport report, DateTimeOffset at)
    {
        Start(at);
        var isAlive = workers.Hear(report.Worker, now);
        if (report is ScoringDelayed(_, _, var reason) && isAlive)
            Tell(new JudgeDelayed(reason));
        if (preparations.GetValueOrDefault(report.Number) is { Done: null, Pending: null } preparation
            && !reported.Contains((report.Worker.Role, report.Worker.Number)))
            Note(preparation, report, isAlive);
        return Advance();
    }

    /// <summary>A worker has stopped, or its node.</summary>
    public IReadOnlyList<RolloutsEffect> Ended(ActorId worker, LifeFailure failure, DateTimeOffset at)
    {
        Start(at);
        effects.AddRange(workers.Ended(worker, failure, now));
        return Advance();
    }

    /// <summary>A place was found for the next life of a worker.</summary>
    public IReadOnlyList<RolloutsEffect> Placed(ActorRole role, int number, LifePlace place, DateTimeOffset at)
    {
        Start(at);
        if (workers.Placed(role, number, place, now) is { } effect)
            effects.Add(effect);
        return Advance();
    }

    public IReadOnlyList<RolloutsEffect> Handle(ResizeSamplers resize, DateTimeOffset at)
    {
        Start(at);
        effects.AddRange(workers[ActorRole.Rollout].Resize(resize.Count));
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
                    if (preparation.Accepts(rollouts))
                        Finish(preparation, rollouts!);
                    else
                        Plan(preparation);
                    break;
                case (RolloutsKept, KeepRollouts):
                    preparation.Pending = null;
                    NoteLedger(null);
                    Finish(preparation);
                    break;
                case (LedgerFailed(_, var reason), KeepRollouts):
                    NoteLedger(reason);
                    break;
            }
        }

        return Advance();
    }

    // Told once: it is asked again for as long as it takes.
    private void NoteLedger(string? reason)
    {
        if (isLedgerDelayed != reason is not null)
            Tell(new LedgerDelayed(reason));
        isLedgerDelayed = reason is not null;
    }

    private void Start(DateTimeOffset at) => (now, effects) = (at, []);

    private void Tell(IRunInput report) => effects.Add(new TellRunOf(report));

    private void Prepare(PrepareExperience asked)
    {
        // What was asked for the step before is not wanted any more: its weights are gone, and its work would keep all workers busy.
        Drop(former => former.Asked.Step == asked.Step);
        var preparation = new Preparation(asked, options);
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
        Drop(former => former.Asked.Number < before);
        foreach (var worker in workers.Workers)
            effects.Add(new TellWorker(worker, new ForgetRollouts(before)));
    }

    private void Drop(Func<Preparation, bool> isUnwanted)
    {
        foreach (var unwanted in preparations.Values.Where(isUnwanted).ToList())
        {
            workers.Take(work => work.Preparation == unwanted);
            preparations.Remove(unwanted.Asked.Number);
        }
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
        List<Preparation.Group> groups = [.. preparation.Groups];
        var share = Math.Clamp(groups.Count * samples / (2 * workers[ActorRole.Rollout].Count), 1, samples);
        foreach (var group in groups)
        {
            foreach (var part in Enumerable.Range(0, samples).Chunk(share))
                Ask(preparation, group, part);
        }

        foreach (var (group, sample) in preparation.Compared)
            Ask(preparation, groups[group], [sample], toCompare: true);
    }

    // All of the samples have been asked for equally often.
    private void Ask(Preparation preparation, Preparation.Group group, int[] samples, bool toCompare = false)
    {
        var attempt = samples.Max(sample => group.Samples[sample].Ask(toCompare));
        workers.Add(new GenerationWork(preparation, group, samples, attempt, workers.Open));
    }

    private void Ask(Preparation preparation, Preparation.Group group, ActorRole judge) =>
        workers.Add(new JudgementWork(judge, preparation, group, group.Judgements[judge].Ask()));

    private void Note(Preparation preparation, WorkerReport report, bool isAlive)
    {
        switch (report)
        {
            case RolloutDone done when preparation.Find(done.Position) is { } group && done.Sample < group.Samples.Count:
                Note(preparation, group, done, isAlive);
                break;
            case JudgementReport judged when preparation.Find(judged.Position) is { } group
                && group.Judgements.GetValueOrDefault(judged.Worker.Role)?.Counts(judged.Attempt) == true:
                Note(preparation, group, judged, isAlive);
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
                Distrust(done.Worker, $"{name} {error}");
            return;
        }

        foreach (var work in workers.Open.OfType<GenerationWork>().Where(work => work.Group == group && work.Attempt == done.Attempt))
            work.Left.Remove(done.Sample);
        workers.Take(static work => work is GenerationWork { Left.Count: 0 });
        var vote = group.Samples[done.Sample];
        var before = vote.Accepted;
        Count(vote, done.Worker, done.Attempt, done.Rollout, name, () => Ask(preparation, group, [done.Sample]));
        if (before is not null && vote.Accepted != before)
            Doubt(group);
        Judge(preparation, group);
    }

    private void Note(Preparation preparation, Preparation.Group group, JudgementReport report, bool isAlive)
    {
        var role = report.Worker.Role;
        if (report.ProblemFor(group.Samples.Count) is { } problem)
        {
            if (!isAlive)
                return;
            effects.Add(new StopWorker(report.Worker));
            effects.AddRange(workers[role].Ended(report.Worker, new LifeFailure(problem), now));
        }
        else if (report is ScoringFailed failed)
        {
            Tell(new RolloutsFailed(failed.Reason));
        }
        else
        {
            workers.Take(work => work.Group == group && work.Role == role && work.Attempt == report.Attempt);
            Count(
                group.Judgements[role], report.Worker, report.Attempt, report with { Worker = default, Attempt = 0 },
                $"what it computed of the rollouts of prompt {report.Position} at step {preparation.Asked.Step}",
                () => Ask(preparation, group, role));
        }
    }

    /// <param name="askAgain">Asks for one more computation of the same.</param>
    private void Count<T>(Vote<T> vote, ActorId worker, int attempt, T answer, string name, Action askAgain)
        where T : class
    {
        vote.Add(worker, attempt, answer);
        if (vote.IsUndecided)
        {
            // Where answers differ, somebody decides who has not computed it yet.
            if (vote.IsContested && !workers[worker.Role].HasOthers(vote.Workers))
                effects.AddRange(workers[worker.Role].Replace(worker, now));
            askAgain();
        }

        foreach (var outlier in vote.Outliers.DistinctBy(static outlier => outlier.Number).ToList())
            Distrust(outlier, $"{name} differs from what two computations agree on");
    }

    // A worker that computes wrongly is replaced, and all that rests on it and is not kept yet is computed again.
    private void Distrust(ActorId outlier, string evidence)
    {
        reported.Add((outlier.Role, outlier.Number));
        Tell(new WorkerCorrupted(outlier, evidence));
        effects.AddRange(workers[outlier.Role].Replace(outlier, now));
        foreach (var unfinished in preparations.Values.Where(static one => one is { Done: null, Pending: null }))
        {
            foreach (var group in unfinished.Groups)
            {
                if (outlier.Role == ActorRole.Rollout)
                    WithdrawSamples(unfinished, group, outlier.Number);
                else
                    WithdrawJudgement(unfinished, group, outlier);
            }
        }
    }

    private void WithdrawSamples(Preparation preparation, Preparation.Group group, int sampler)
    {
        foreach (var (sample, vote) in group.Samples.Index())
        {
            var before = vote.Accepted;
            vote.Withdraw(sampler);
            if (vote.IsUndecided)
                Ask(preparation, group, [sample]);
            if (before is not null && vote.Accepted != before)
                Doubt(group);
        }

        Judge(preparation, group);
    }

    private void WithdrawJudgement(Preparation preparation, Preparation.Group group, ActorId judge)
    {
        var vote = group.Judgements[judge.Role];
        vote.Withdraw(judge.Number);
        if (vote.IsUndecided)
            Ask(preparation, group, judge.Role);
    }

    // Has the rollouts of a prompt judged once all are there.
    private void Judge(Preparation preparation, Preparation.Group group)
    {
        if (!group.IsGenerated)
            return;
        foreach (var role in options.Judges.Where(role => !group.Judgements[role].IsAsked))
            Ask(preparation, group, role);
    }

    private void Doubt(Preparation.Group group)
    {
        group.Doubt();
        workers.Take(work => work is JudgementWork && work.Group == group);
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
        workers.Take(work => work.Preparation == preparation);
    }

    private RolloutPhase PhaseOf(Preparation preparation) => preparation.Pending is KeepRollouts ? RolloutPhase.Keeping
        : preparation.Pending is null && !IsSampling(preparation) ? RolloutPhase.Scoring
        : RolloutPhase.Sampling;

    private bool IsSampling(Preparation preparation) =>
        workers.Open.Any(work => work is GenerationWork && work.Preparation == preparation);

    private List<RolloutsEffect> Advance()
    {
        effects.AddRange(workers.Advance(now));
        foreach (var preparation in preparations.Values.Where(static preparation => preparation is { Done: null, Pending: null }))
        {
            // An audit that is under way may still change a rollout, or what was computed of it; so may one of another step, once it is
            // known who computes wrongly.
            if (workers.Open.Any(work => work.Preparation == preparation || work.IsContested)
                || preparation.Complete() is not { } rollouts)
                continue;
            preparation.Experience = ExperienceOf(preparation, rollouts);
            Ask(preparation, new KeepRollouts(preparation.Asked.Number, rollouts));
        }

        foreach (var preparation in preparations.Values.Where(one => one.Done is null && one.Phase != PhaseOf(one)))
            Tell(new ExperienceProgressed(preparation.Asked.Number, preparation.Phase = PhaseOf(preparation)));
        return effects;
    }
}
