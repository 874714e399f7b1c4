using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Data.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>The decisions of a run: lane assignment, commits, recovery and saves.</summary>
/// <remarks>A pure state machine without clock, thread, disk or actor: inputs and the time go in, effects come out, and equal inputs give
/// equal effects. Messages may be lost, repeated, delayed or reordered: unanswered requests are repeated, and repeated answers count once.
/// A step's weights never depend on decisions here, only the time it takes. This class contains the order; each concern has a class of its
/// own.</remarks>
public sealed class RunLogic
{
    private readonly RunLogicOptions options;
    private readonly RunOutput output = new();
    private readonly RunEnd end = new();
    private readonly FaultCounts faults = new();
    private readonly TimeAccount time = new();
    private readonly StateVotes votes = new();
    private readonly Decisions decisions;
    private readonly MetricsStream metrics;
    private readonly RunProgress progress;
    private readonly KeptStates states;
    private readonly TrainerRoster roster;
    private readonly Rounds rounds;
    private readonly CheckpointSchedule checkpointing;
    private readonly Saving saving;
    private readonly Evaluations evaluations;
    private readonly Experiences experiences;
    private readonly Rollback rollback;
    private readonly Membership membership;
    private readonly Steering steering;
    private readonly StateTransfer transfer;
    private readonly Integrity integrity;
    private readonly StepJudge judge;
    private readonly OperatorDesk operators;
    private readonly TrainerReminders trainerReminders;
    private readonly Reminders reminders;
    private readonly EndOfRun ending;
    private readonly RunView view;

    // Facts about the previous life, reported once at the start of this one.
    private readonly bool isNew;
    private readonly string? formerEnd;
    private readonly long? recordedCheckpoint;

    /// <param name="plan">Gives the positions of a vetoed batch.</param>
    public RunLogic(RunLogicOptions options, BatchPlan plan, RecoveryState recovery, IReadOnlyList<RunEvent> events)
    {
        this.options = options;
        var unwritten = recovery.Unwritten;
        var decided = unwritten.After(events);
        isNew = !decided.OfType<RunStarted>().Any();
        formerEnd = recovery.Trainers is null ? options.FormerEnd : null;
        recordedCheckpoint = decided.OfType<CheckpointCommitted>().LastOrDefault()?.Step;

        decisions = new Decisions(decided, events.Count, options.JournalBuffer, output, end, faults);
        metrics = new(new MetricsOutbox(unwritten.MetricsStep, decisions.Durable), options.MetricsBuffer, output, end, decisions);
        var interventions = new Interventions(decisions.Known.Interventions);
        states = new KeptStates(options.SnapshotSlots, recovery, decisions, interventions);
        var (step, overrides) = states.Newest;
        progress = new RunProgress(options.Schedule, plan, interventions, step, Math.Max(options.Steps, decisions.Known.Steps), overrides);
        metrics.Inherit(unwritten.Measurements, progress);
        roster = new TrainerRoster(options, recovery, states.Origin, decisions.Known.Quarantined, output);
        checkpointing = new CheckpointSchedule(options, decided);
        rounds = new Rounds(options, recovery.LastRound, output, roster, progress, decisions);
        evaluations = new Evaluations(options, output, roster, progress, rounds, metrics);
        saving = new(options, output, end, decisions, metrics, roster, progress, states, votes, checkpointing, rounds);
        experiences = new Experiences(options, output, end, decisions, faults, progress, states, saving);
        rollback = new Rollback(output, decisions, roster, progress, states, rounds, votes, saving, evaluations, experiences, metrics);
        steering = new Steering(options.Schedule, output, end, decisions, progress, rounds, rollback);
        membership = new Membership(options, output, end, decisions, roster, progress, states, rounds);
        transfer = new(output, end, faults, decisions, roster, progress, states, rounds, saving, rollback, membership);
        integrity = new(options, output, end, decisions, roster, progress, rounds, votes, membership, steering, rollback, experiences);
        judge = new(options, output, end, decisions, metrics, roster, progress, rounds, votes, integrity, steering, experiences, time);
        operators = new OperatorDesk(output, end, decisions, roster, progress, rounds, membership, steering);
        trainerReminders = new TrainerReminders(options, output, roster, rounds, membership);
        reminders = new Reminders(options, output, end, decisions, metrics, trainerReminders, rounds, judge, saving, experiences);
        ending = new EndOfRun(options.EndPatience, output, end, decisions, metrics, roster, progress, states, saving, evaluations);
        view = new(end, decisions, metrics, roster, progress, rounds, saving, evaluations, experiences, operators, faults, time);
        decisions.Taken += checkpointing.Note;
        decisions.Taken += decision => time.Note(decision, progress.Step, left => roster.All.Any(trainer => trainer.Key?.Id == left));
    }

    public long TakenSteps => progress.Step;

    public int WantedTrainers => roster.Wanted;

    /// <summary>What the next supervisor in this process needs if this one fails.</summary>
    public RecoveryState RecoveryState => new(
        [.. states.Origins], [.. states.Snapshots.Held], rounds.LastNumber, roster.Generation, roster.Wanted, roster.Known,
        new UnwrittenRecords(decisions.Durable, [.. decisions.Waiting], metrics.WrittenStep, [.. metrics.Waiting]));

    public RunStatus Status() => view.Status();

    public IReadOnlyList<RunEffect> Begin(DateTimeOffset at)
    {
        output.Begin(at);
        progress.Begin(at);
        checkpointing.Begin(at);
        decisions.Repeat();
        if (isNew)
            decisions.Record(new RunStarted(at, options.ConfigurationHash, options.Steps, options.Lanes, roster.Wanted));
        if (options.Extension is var (steps, by) && steps > progress.LastStep)
            steering.Extend(steps, steering.EffectiveFrom, by);
        if (saving.SavedStep is { } saved && saved > (recordedCheckpoint ?? -1))
            decisions.Record(new CheckpointCommitted(at, saved, states.Origin.WeightsHash!));
        if (!isNew)
            decisions.Record(new RunResumed(at, progress.Step, states.KindOf(progress.Step), roster.Wanted) { FormerEnd = formerEnd });
        if (operators.HasPaused)
            output.Warn("paused by an operator; continue with `actortrain resume`.");
        membership.Enlist();
        Advance();
        return Finish();
    }

    /// <returns>The effects, in order.</returns>
    public IReadOnlyList<RunEffect> Step(IRunInput input, DateTimeOffset at)
    {
        output.Begin(at);

        // Input after the recorded end changes nothing; the end only has to become durable.
        if (end.IsOver || (end.IsRecorded && input is not (JournalReport or MetricsReport or Tick)))
        {
            if (input is OperatorRequest late)
                operators.Handle(late);
            return output.Effects;
        }

        Handle(input);
        if (!end.IsOver)
            Advance();
        return Finish();
    }

    private void Handle(IRunInput input)
    {
        switch (input)
        {
            case TrainerReport report when roster.Find(report.Trainer) is { } trainer:
                Handle(report, trainer);
                roster.Refresh(trainer);
                break;
            case TrainerLost lost:
                integrity.Lose(lost);
                break;
            case TrainerSupervisorReport report:
                membership.Handle(report);
                break;
            case ReducerReport report:
                rounds.Handle(report);
                break;
            case SpikeReport report:
                judge.Handle(report);
                break;
            case RolloutsInput about:
                experiences.Handle(about);
                break;
            case CheckpointReport report:
                saving.Handle(report);
                break;
            case MetricsReport report:
                metrics.Handle(report, progress.Step);
                break;
            case JournalReport report:
                if (decisions.Handle(report))
                    metrics.FollowDecisions();
                break;
            case OperatorRequest request:
                operators.Handle(request);
                break;
            case Tick:
                reminders.Remind();
                break;
            case StopRun stop:
                end.Stop(stop.Reason);
                break;
            case ScaleTrainers scale:
                membership.Scale(scale.Trainers);
                break;
            case ActorFailed failed:
                faults.Add(failed.Actor, failed.Reason);
                decisions.Record(new ActorRestarted(output.Now, progress.Step, failed.Actor, failed.Reason));
                output.Warn($"{failed.Actor} failed and was restarted: {failed.Reason}");
                break;
            case ActorGivenUp given:
                end.Fail(given.Report);
                end.NoteLost(given.Actor.Role);
                break;
        }
    }

    private void Handle(TrainerReport report, TrainerEntry trainer)
    {
        switch (report)
        {
            case StateLoaded loaded:
                if (transfer.Complete(trainer, loaded))
                    judge.Probe(trainer);
                break;
            case StateRefused refused:
                transfer.Refuse(trainer, refused);
                break;
            case BlockComputed computed:
                if (rounds.Complete(trainer, computed))
                    integrity.Note(computed);
                break;
            case BlockRecomputed recomputed:
                judge.Note(trainer, recomputed);
                break;
            case UpdatePreviewed or ShardsUpdated or UpdateApplied:
                integrity.Note(trainer, report);
                break;
            case AtAnotherStep other:
                trainerReminders.Reconcile(trainer, other);
                break;
            case StateCopied copied:
                saving.Complete(trainer, copied);
                break;
            case Evaluated evaluated:
                evaluations.Complete(trainer, evaluated);
                break;
        }
    }

    // Performs every action that is possible. The order matters: endings before beginnings.
    private void Advance()
    {
        integrity.DistrustAbsent();
        steering.Follow();
        integrity.Check();

        // Copies and evaluations of this step's weights finish before they change, and no trainer falls too far behind.
        if (rounds.IsUpdating || (!saving.IsCopying && !evaluations.HoldsUp && rounds.Updates.Count < options.TotalsKept
            && end.Failure is null))
            judge.Judge();
        experiences.Ask(rollback, mayBegin: rounds.Current is null && !operators.HasPaused);
        transfer.GiveStates();
        LookAround();
        saving.Write();
        BeginRound();
        rounds.Lanes.ShareOrphans();
        rounds.Close();
        membership.Retire();
        ending.Advance();
    }

    // Evaluates, saves or copies the state just reached, where due.
    private void LookAround()
    {
        if (rounds.Current is null && progress.TakeBoundary())
        {
            evaluations.NoteBoundary(end.IsEnding);
            saving.NoteBoundary();
        }

        if (end.IsEnding)
        {
            evaluations.GiveUp(end.Failure is not null);
            if (rounds.Current is null || end.Failure is not null)
                saving.NoteEnding();
        }

        if (rounds.IsUpdating)
            return;
        evaluations.Begin();
        if (saving.WantsCopy && integrity.CanKeepState())
            saving.TakeCopy();
    }

    private void BeginRound()
    {
        if (rounds.Current is not null || progress.IsComplete || end.IsEnding || operators.HasPaused)
            return;
        if (decisions.HoldsUp || metrics.HoldsUp)
        {
            decisions.TellWait(progress.Step);
            return;
        }

        // The first round waits for all trainers that start together, except those that have failed already, or that no node has room for.
        if (decisions.ExtensionWaits || experiences.HoldsUp || (!rounds.HaveBegun && roster.All.Any(static trainer =>
            trainer is { Standing: TrainerStanding.Starting or TrainerStanding.Joining, Faults: 0, IsRetiring: false })))
            return;
        var shares = rounds.Open();
        integrity.PlanAudit(shares);
        foreach (var (trainer, blocks) in shares)
            rounds.Lanes.Assign(trainer, blocks);
    }

    private IReadOnlyList<RunEffect> Finish()
    {
        operators.Answer();
        if (view.Turn(output.Now) is { } turn)
            output.Do(new ToGoodput(turn));
        reminders.Schedule();
        return output.Effects;
    }
}
