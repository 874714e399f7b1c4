using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Spikes;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Decides whether a step's update is applied, and the response if not: accept, clip, veto, replay, roll back and skip, lower the
/// rate, halt. Loss and gradient are known before any weight changes, so a bad update is vetoed, not undone.</summary>
internal sealed class StepJudge
{
    private readonly RunLogicOptions options;
    private readonly RunOutput output;
    private readonly RunEnd end;
    private readonly Decisions decisions;
    private readonly MetricsStream metrics;
    private readonly StateRecords records;
    private readonly TrainerRoster roster;
    private readonly RunProgress progress;
    private readonly Rounds rounds;
    private readonly StateVotes votes;
    private readonly Integrity integrity;
    private readonly Steering steering;
    private readonly Experiences experiences;
    private readonly TimeAccount time;
    private readonly RetryTimer retry;
    private SpikeProbe? probe;

    public StepJudge(
        RunLogicOptions options, RunOutput output, RunEnd end, Decisions decisions, MetricsStream metrics, TrainerRoster roster,
        RunProgress progress, Rounds rounds, StateVotes votes, Integrity integrity, Steering steering, Experiences experiences,
        TimeAccount time)
    {
        (this.options, this.output, this.end, this.decisions, this.metrics, this.roster) =
            (options, output, end, decisions, metrics, roster);
        (this.progress, this.rounds, this.votes, this.integrity, this.steering, this.experiences, this.time) =
            (progress, rounds, votes, integrity, steering, experiences, time);
        records = new StateRecords(options, decisions, metrics, roster);
        retry = new RetryTimer(options.RetryInterval);
    }

    public DateTimeOffset? DueAt => IsWaiting ? retry.At : null;

    private bool IsWaiting => rounds.Current is { Signals: not null, Judgement: null } || probe is { Signals: not null };

    /// <summary>Has the reduced round judged, and acts on the judgement.</summary>
    public void Judge()
    {
        if (rounds.Current is not { IsReduced: true } round || !integrity.StatesAgree())
            return;
        if (round.Signals is null)
        {
            if (options.PreviewsUpdates && double.IsFinite(round.GradientNorm) && !integrity.IsPreviewed())
                return;
            round.Signals = round.Measure(options.TokensPerStep, options.Norms, experiences.Summary);
            AskFirst();
        }

        // Once its update has begun, it is too late for checks.
        if (round.Judgement is not { } judgement || (round.Update is null
            && !(round.Checks.TrueForAll(static check => check.Agrees) && integrity.IsProved)))
            return;
        if (round.IsAccepted)
            Commit(round, judgement);
        else
            Decide(round, judgement);
    }

    public void Handle(SpikeReport report)
    {
        switch (report)
        {
            case SpikeDetectorStarted:
                Ask();
                break;
            case StepJudged judged when rounds.Current is { Signals: not null, Judgement: null } round && judged.Round == round.Round:
                round.Judgement = judged.Judgement;
                break;
            case StepJudged judged when probe is { Signals: not null } shown && judged.Round == shown.Round:
                var (cause, evidence) = shown.Explain(judged.Judgement.Finding);
                decisions.Record(new SpikeExplained(output.Now, shown.BatchStep, cause, evidence));
                probe = null;
                break;
        }
    }

    /// <summary>Repeats an unanswered request to the detector.</summary>
    public void Remind()
    {
        if (!IsWaiting || !retry.IsDue(output.Now))
            return;
        Ask();
        retry.Repeat(output.Now);
    }

    /// <summary>Has a trainer that just loaded the rollback's state recompute a batch that led to the rollback.</summary>
    public void Probe(TrainerEntry trainer)
    {
        if (probe is not { Round: null } wanted || trainer.Step != progress.Step)
            return;
        var asked = new RecomputeBlock(new Ticket(roster.Generation, rounds.NextName()), new LaneBlock(0, options.Lanes), wanted.BatchStep,
            wanted.Skips, 0)
        {
            PreviewRate = options.PreviewsUpdates ? progress.Schedule.At(progress.Step) : null,
        };
        probe = wanted with { Round = asked.Ticket.Round };
        trainer.Rechecks.Add(asked);
        roster.Tell(trainer, asked);
    }

    public void Note(TrainerEntry trainer, BlockRecomputed recomputed)
    {
        if (trainer.Rechecks.RemoveAll(asked => asked is RecomputeBlock block
            && (block.Ticket, block.Block, block.Attempt) == (recomputed.Ticket, recomputed.Block, recomputed.Attempt)) == 0)
            return;
        if (probe is not { Round: { } asked, Signals: null } wanted || recomputed.Ticket.Round != asked)
        {
            integrity.Note(trainer, recomputed);
            return;
        }

        probe = wanted.With(recomputed.Result, options.Lanes, options.TokensPerStep);
        AskFirst();
    }

    private void AskFirst()
    {
        Ask();
        retry.Start(output.Now);
    }

    private void Ask()
    {
        if (rounds.Current is { Signals: { } signals, Judgement: null } round)
            output.Do(new ToSpikeDetector(new JudgeStep(round.Round, signals, progress.Overrides.Spikes)));
        if (probe is { Round: { } probed, Signals: { } shown })
            output.Do(new ToSpikeDetector(new JudgeStep(probed, shown, progress.Overrides.Spikes)));
    }

    private void Decide(RoundState round, Judgement judgement)
    {
        if (round.Round.Step != progress.Step)
            throw new InvariantException($"{round.Round} is to be decided at step {progress.Step}.");
        var rung = SpikeLadder.Choose(judgement.Finding, progress.Overrides, options.Ladder);
        if (rung >= Rung.Veto && options.Ladder.Replay)
        {
            // Replay before data are blamed.
            if (!round.IsReplayed)
            {
                output.Warn($"{judgement.Finding!.Evidence}; recomputing the step.");
                integrity.Replay();
                return;
            }

            decisions.Record(new StepReplayed(output.Now, progress.Step, Agreed: true,
                string.Join("; ", round.Checks.Select(static check => check.Evidence))));
        }

        if (judgement.Finding is { } finding && rung != Rung.Accept)
            decisions.Record(new SpikeJudged(output.Now, progress.Step, finding.Rule, finding.Signal, finding.Value, finding.Limit,
                finding.Onset, rung, finding.Evidence));
        switch (rung)
        {
            case Rung.Accept or Rung.Clip:
                Commit(round, judgement);
                break;
            case Rung.Veto when options.Rollouts?.IsRestart(progress.Step) == false:
                // Other prompts need rollouts of weights that are gone.
                RollBackAndSkip(judgement.Finding!, rateFactor: 1);
                break;
            case Rung.Veto:
                Veto(judgement);
                break;
            case Rung.RollBack:
                RollBackAndSkip(judgement.Finding!, rateFactor: 1);
                break;
            case Rung.LowerRate:
                RollBackAndSkip(judgement.Finding!, options.Ladder.RateFactor);
                break;
            case Rung.Halt:
                end.Fail($"Spike at step {progress.Step} after all allowed rollbacks and learning-rate reductions: "
                    + $"{judgement.Finding!.Evidence}. See `actortrain journal`; try a new run with a lower training.learning_rate.");
                break;
        }
    }

    private void Commit(RoundState round, Judgement judgement)
    {
        if (!round.Checks.TrueForAll(static check => check.Agrees))
            throw new InvariantException($"{round.Round} is to be committed, and trainers do not agree on its bits.");
        round.IsAccepted = true;
        var (signals, asked) = (round.Signals!, judgement.Adjustment);
        var rate = progress.Schedule.At(progress.Step);
        var adjustment = asked with { LearningRate = rate, RateFactor = asked.RateFactor * progress.Overrides.RateFactor };
        if (round.Update is null)
            votes.ForgetShards();
        if (rounds.Owners.AreDivided && !rounds.Owners.Update(round, new UpdateShards(round.Round, signals.GradientNorm, adjustment)))
            return;
        var overrides = progress.Overrides with
        {
            Spikes = judgement.IfApplied,
            KlCoefficient = signals.Rollouts is { } rollouts ? options.KlControl?.After(rollouts, progress.Overrides.KlCoefficient) : null,
        };
        var elapsed = output.Now - progress.UpdatedAt;
        var measurement = new StepMeasurement(progress.Step + 1, signals.Loss, signals.GradientNorm, elapsed, round.Positions)
        {
            LearningRate = rate * adjustment.RateFactor,
            Decisions = DecisionsInForce.Of(overrides.Interventions),
            LaneLoss = SpikeSignal.LaneLoss.Known(signals),
            EmbeddingNorm = SpikeSignal.EmbeddingNorm.Known(signals),
            BlockNorm = SpikeSignal.BlockNorm.Known(signals),
            UpdateNorm = SpikeSignal.UpdateNorm.Known(signals),
            Rollouts = signals.Rollouts,
            Policy = signals.Policy,
        };
        rounds.Commit(signals.GradientNorm, adjustment, records.Of(measurement, overrides));
        time.NoteWait(round.Waited);
        votes.Clear();
        progress.NoteUpdate(overrides, output.Now);
        metrics.Add(new MetricsItem(measurement, progress.Step));
        output.Do(new NotifyMeasurement(measurement, progress.LastStep));
    }

    // Skips the batch and takes the next one; no weight has changed.
    private void Veto(Judgement judgement)
    {
        var reason = judgement.Finding!.Evidence;
        var positions = progress.Veto(reason, judgement.IfVetoed, options.Ladder.Veto.Window);
        decisions.Record(new BatchVetoed(output.Now, progress.Step, [.. positions], reason));
        output.Warn($"{reason}; skipping its batch.");
        rounds.Abandon();
        if (progress.Vetoes >= options.VetoLimit)
            end.Fail($"Step {progress.Step} was vetoed {progress.Vetoes} times in a row, so the weights are broken; "
                + $"try a new run with a lower training.learning_rate.");
    }

    // Rolls back to before the onset, and skips the batches since.
    private void RollBackAndSkip(Finding finding, double rateFactor)
    {
        var (step, overrides) = (progress.Step, progress.Overrides);
        var from = SpikeLadder.FromOf(finding, options.Ladder);
        var count = SpikeLadder.SkipOf(finding, step, overrides, options.Ladder);

        // Rollouts belong to the weights that sampled them: on others they explain nothing.
        probe = options.Rollouts is null ? new SpikeProbe(step, overrides.Skips) : null;
        steering.Intervene(new Intervention(
            progress.Interventions.Next, from, [progress.Batches(from, count, finding.Evidence)], rateFactor, Intervention.Automatic,
                $"{finding.Evidence}; onset at step {finding.Onset}"));
    }
}
