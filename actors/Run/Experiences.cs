using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Has rollouts made for the steps that the present weights sample for, as planned: a snapshot of them in memory is what samplers
/// are given. Without rollouts there is nothing to do.</summary>
internal sealed class Experiences(
    RunLogicOptions options, RunOutput output, RunEnd end, Decisions decisions, FaultCounts faults, RunProgress progress, KeptStates states,
    Saving saving)
{
    private readonly SortedDictionary<long, Request> requests = [];
    private readonly RetryTimer retry = new(options.RetryInterval);
    private SkipList? skips;
    private string? delay;
    private bool isLackTold;
    private long number;

    // As an operator has asked for; null: as configured.
    private int? samplers;

    // The step whose rollouts were found wrong.
    private long? doubted;

    /// <summary>Whether the next step waits for its rollouts, or for a copy of its weights that later rollouts need.</summary>
    public bool HoldsUp => options.Rollouts is not null && !progress.IsComplete
        && (Current is not { Done: not null } || Wanted().Any());

    /// <summary>Whether weights are to be copied for samplers.</summary>
    public bool WantsCopy => options.Rollouts is not null && Wanted().Any();

    /// <summary>What the next step's rollouts wait for, for the time account.</summary>
    public string WaitsFor => Current switch
    {
        null => "publishing weights",
        { Phase: RolloutPhase.Scoring } => "scoring",
        { Phase: RolloutPhase.Keeping } => "keeping",
        _ => "sampling",
    };

    /// <summary>Whether rollouts wait for scores of a judge that is away.</summary>
    public bool HasToWait => delay is not null;

    /// <summary>When unanswered requests are repeated; null if there are none.</summary>
    public DateTimeOffset? DueAt => requests.Values.Any(static request => request.Done is null) ? retry.At : null;

    /// <summary>Figures of the rollouts of the step under way; null without rollouts.</summary>
    public RolloutSummary? Summary => UnderWay?.Done?.Summary;

    // A skip of later steps may become known while a step is under way, which is trained on what it began with.
    private Request? UnderWay => options.Rollouts is { } schedule ? requests.GetValueOrDefault(schedule.FirstStepOf(progress.Step)) : null;

    private Request? Current => IsPlanned ? UnderWay : null;

    // Other skips mean other prompts.
    private bool IsPlanned => skips?.Equals(progress.Overrides.Skips) == true;

    /// <summary>At a boundary: asks for the rollouts that the weights just reached sample. A step whose rollouts older weights sample, and
    /// which are gone, is reached again from where sampling began anew.</summary>
    /// <param name="mayBegin">Whether no step is under way, and the next may begin.</param>
    public void Ask(Rollback rollback, bool mayBegin)
    {
        if (options.Rollouts is not { } schedule || !mayBegin || progress.IsComplete || end.IsEnding)
            return;
        var oldest = schedule.Epochs > 1 ? schedule.RestartBefore(progress.Step) : progress.Step;
        foreach (var past in requests.Keys.Where(step => step < oldest).ToList())
            Remove(past);
        doubted = doubted == progress.Step ? doubted : null;

        if (!IsPlanned)
            Forget();
        skips = progress.Overrides.Skips;
        if (schedule.WeightsOf(progress.Step) != progress.Step && Current is null)
        {
            rollback.GoBack(schedule.RestartBefore(progress.Step), "The rollouts of this step are those of earlier weights.");
            return;
        }

        if (!Wanted().Any())
            return;
        if (states.Snapshots.Newest is not { } newest || newest.Step != progress.Step)
        {
            saving.RequestCopy();
            return;
        }

        foreach (var step in Wanted().ToList())
        {
            states.Snapshots.Pin(newest.Slot);
            number++;
            var wanted = requests.Count == 0 ? number : requests.Values.Min(static request => request.Asked.Number);
            var weights = new PublishedWeights(newest.Step, newest.Slot, newest.Hash);
            requests.Add(step, new Request(new PrepareExperience(number, wanted, step, weights, skips)
            {
                KlCoefficient = progress.Overrides.KlCoefficient,
                IsDoubted = step == doubted,
            }));
            output.Do(new ToRollouts(requests[step].Asked));
        }

        retry.Start(output.Now);
    }

    /// <summary>A trainer computes other than the sampler or the critic of the step under way: its rollouts are made anew.</summary>
    /// <returns>Whether they are; false if that is under way already, or the weights that sampled them are gone.</returns>
    public bool Doubt()
    {
        if (UnderWay is not { Done: not null, Asked.Weights.Step: var sampled } || sampled != progress.Step)
            return false;
        doubted = progress.Step;
        Remove(progress.Step);
        output.Warn($"the rollouts of step {progress.Step} are sampled again, each twice.");
        return true;
    }

    /// <summary>The run returns to an earlier step: what was prepared is not used.</summary>
    public void Forget()
    {
        foreach (var step in requests.Keys.ToList())
            Remove(step);
    }

    public void Handle(RolloutsInput input)
    {
        switch (input)
        {
            case RolloutsStarted:
                if (samplers is { } count)
                    output.Do(new ToRollouts(new ResizeSamplers(count)));
                Repeat();
                break;
            case ScaleRollouts scale:
                samplers = scale.Workers;
                output.Do(new ToRollouts(new ResizeSamplers(scale.Workers)));
                break;
            case ExperienceProgressed made when Find(made.Number) is { Done: null } request:
                request.Phase = made.Phase;
                break;
            case ExperiencePrepared done when Find(done.Number) is { Done: null } request:
                request.Done = done;
                if (done.Summary.Unscored == done.Summary.Rollouts && !isLackTold)
                {
                    output.Warn($"none of the {done.Summary.Rollouts} completions of step {request.Asked.Step} has a reward, so nothing is "
                        + "learnt from them; `actortrain rollouts` shows them.");
                    isLackTold = true;
                }

                states.Snapshots.Unpin(request.Asked.Weights.Slot);
                if (DueAt is null)
                    Wait(null);
                break;
            case WeightsRefused refused when Find(refused.Number) is { Done: null, Asked: var asked }:
                faults.Add(new ActorId(ActorRole.Snapshots), refused.Reason);
                output.Warn($"{refused.Reason} Copying the weights again.");
                Remove(asked.Step);
                if (states.Snapshots.Held.Any(held => (held.Step, held.Slot, held.Hash)
                    == (asked.Weights.Step, asked.Weights.Slot, asked.Weights.Hash)))
                    states.Snapshots.Drop(asked.Weights.Slot);
                break;
            case RolloutsFailed failed:
                end.Fail(failed.Reason);
                end.NoteLost(ActorRole.Ledger);
                break;
            case JudgeDelayed(var reason):
                Wait(reason);
                break;
            case LedgerDelayed { Reason: { } reason }:
                output.Warn($"{reason} Step {progress.Step} waits for that; retrying.");
                break;
            case LedgerDelayed:
                output.Inform("Rollouts can be written again.");
                break;
            case WorkerLost lost:
                faults.Add(lost.Worker, lost.Reason);
                decisions.Record(new ActorRestarted(output.Now, progress.Step, lost.Worker, lost.Reason));
                output.Warn($"lost {lost.Worker} at step {progress.Step}; its work is given to others: {lost.Reason}");
                break;
            case WorkerCorrupted corrupted:
                decisions.Record(new CorruptionFound(output.Now, progress.Step, corrupted.Worker, corrupted.Evidence));
                output.Warn($"{corrupted.Worker} computed wrongly and is replaced: {corrupted.Evidence}.");
                break;
        }
    }

    public void Remind()
    {
        if (DueAt is null || !retry.IsDue(output.Now))
            return;
        Repeat();
        retry.Repeat(output.Now);
    }

    // Said once, however often it is asked meanwhile.
    private void Wait(string? reason)
    {
        if (delay is null && reason is not null)
            output.Warn($"{reason} Step {progress.Step} waits for its scores; retrying with exponential backoff.");
        else if (delay is not null && reason is null)
            output.Inform("The judge answers again.");
        delay = reason;
    }

    // Steps that the present weights are to sample for.
    private IEnumerable<long> Wanted() => options.Rollouts is not { } schedule ? []
        : schedule.SampledBy(progress.Step).Where(step => step < progress.LastStep
            && !(IsPlanned && requests.ContainsKey(step)));

    private void Repeat()
    {
        foreach (var request in requests.Values.Where(static request => request.Done is null))
            output.Do(new ToRollouts(request.Asked));
    }

    private Request? Find(long asked) => requests.Values.FirstOrDefault(request => request.Asked.Number == asked);

    private void Remove(long step)
    {
        if (requests.Remove(step, out var request) && request.Done is null)
            states.Snapshots.Unpin(request.Asked.Weights.Slot);
    }

    private sealed class Request(PrepareExperience asked)
    {
        public PrepareExperience Asked => asked;

        public RolloutPhase Phase { get; set; }

        public ExperiencePrepared? Done { get; set; }
    }
}
