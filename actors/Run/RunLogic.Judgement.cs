using ActorTrain.Actors.Spikes;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <content>Whether a step's update may be applied, and what is done where not: accept, clip, veto, replay, roll back and skip, lower the rate,
/// halt. Loss and gradient are known before any weight has changed, so a bad update is vetoed, not undone.</content>
public sealed partial class RunLogic
{
    private SpikeProbe? probe;

    // Whether the detector owes an answer.
    private bool IsJudging => round is { Signals: not null, Judgement: null } || probe is { Signals: not null };

    private void Judge()
    {
        // Whoever copies or evaluates the weights of this step does so before they change, and nobody falls too far behind.
        if (round is not { IsReduced: true } || copying is not null || evaluationDue == step || commits.Count >= options.TotalsKept || failing is not null)
            return;
        if (!StatesAgree())
            return;
        if (round.Signals is null)
        {
            if (options.PreviewsUpdates && double.IsFinite(round.GradientNorm) && !IsForeseen())
                return;
            round.Signals = round.Measure(options.TokensPerStep, options.Norms);
            AskDetectorFirst();
        }

        if (round.Judgement is { } judgement && round.Checks.TrueForAll(static check => check.Agrees) && !(step == lastStep - 1 && trainers.Values.Any(MustBeProved)))
            Decide(judgement);
    }

    // One trainer's word for the norm of the update is enough, save where the step is audited, or replayed later.
    private bool IsForeseen()
    {
        if (round!.Update is { } update)
            return update.Agrees;
        round.Checks.Add(round.Update = new RoundCheck(null) { Needed = round.Witnesses.Count > 0 ? 2 : 1 });
        Check();
        return false;
    }

    private void AskDetectorFirst()
    {
        AskDetector();
        judgeRetry.Start(now);
    }

    private void AskDetector()
    {
        if (round is { Signals: { } signals, Judgement: null })
            Do(new ToSpikeDetector(new JudgeStep(round.Round, signals, course.Spikes)));
        if (probe is { Round: { } probed, Signals: { } shown })
            Do(new ToSpikeDetector(new JudgeStep(probed, shown, course.Spikes)));
    }

    private void Hear(SpikeReport report)
    {
        switch (report)
        {
            case SpikeDetectorStarted:
                AskDetector();
                break;
            case StepJudged judged when round is { Signals: not null, Judgement: null } && judged.Round == round.Round:
                round.Judgement = judged.Judgement;
                break;
            case StepJudged judged when probe is { Signals: not null } shown && judged.Round == shown.Round:
                var (cause, evidence) = shown.Explain(judged.Judgement.Finding);
                Record(new SpikeExplained(now, shown.BatchStep, cause, evidence));
                probe = null;
                break;
        }
    }

    private void Decide(Judgement judgement)
    {
        var rung = SpikeLadder.Choose(judgement.Finding, course, options.Ladder);
        if (rung >= Rung.Veto && options.Ladder.Replay)
        {
            if (!round!.IsReplayed)
            {
                Replay(judgement.Finding!);
                return;
            }

            Record(new StepReplayed(now, step, Agreed: true, string.Join("; ", round.Checks.Select(static check => check.Evidence))));
        }

        if (judgement.Finding is { } finding && rung != Rung.Accept)
            Record(new SpikeJudged(now, step, finding.Rule, finding.Signal, finding.Value, finding.Limit, finding.Onset, rung, finding.Evidence));
        switch (rung)
        {
            case Rung.Accept or Rung.Clip:
                Commit(judgement);
                break;
            case Rung.Veto:
                Veto(judgement);
                break;
            case Rung.RollBack:
                Correct(judgement.Finding!, rateFactor: 1);
                break;
            case Rung.LowerRate:
                Correct(judgement.Finding!, options.Ladder.RateFactor);
                break;
            case Rung.Halt:
                failing ??= $"Step {step} spikes, and going back and lowering the learning rate were tried as often as the options allow: {judgement.Finding!.Evidence}. See the journal; a lower training.learning_rate in a run of another name may help.";
                break;
        }
    }

    // Before data are blamed: do others, or the same once more, get the same bits?
    private void Replay(Finding finding)
    {
        Warn($"{finding.Evidence}; the step is computed once more.");
        round!.IsReplayed = true;
        foreach (var part in round.Done)
        {
            var check = new RoundCheck(part.Block);
            check.Vote(part.Trainer, part.Result.Hash);
            round.Checks.Add(check);
        }

        if (round.Update is { } update)
            update.Needed = 2;
        Check();
    }

    private void Correct(Finding finding, double rateFactor)
    {
        var from = SpikeLadder.FromOf(finding, options.Ladder);
        var count = SpikeLadder.SkipOf(finding, step, course, options.Ladder);
        var reason = $"{finding.Evidence}; begun at step {finding.Onset}";
        probe = new SpikeProbe(step, course.Skips);
        Correct(new Correction(interventions.Next, from, [Batches(from, count, finding.Evidence)], rateFactor, Correction.Automatic, reason));
    }

    // The batches of some steps, as the plan has them now, with whatever lies between them.
    private SkippedRange Batches(long from, long count, string reason)
    {
        var first = course.Skips.PositionOf(from * plan.BatchSize);
        var last = course.Skips.PositionOf(((from + count) * plan.BatchSize) - 1);
        return new SkippedRange(first, last - first + 1, reason);
    }

    // By a trainer that has just taken over the state the run went back to.
    private void Probe(TrainerEntry trainer)
    {
        if (probe is not { Round: null } wanted || trainer.Step != step)
            return;
        var asked = new RecomputeBlock(new Ticket(generation, new Round(++lastRound, step)), new LaneBlock(0, options.Lanes), wanted.BatchStep, wanted.Skips, 0)
        {
            PreviewRate = options.PreviewsUpdates ? Schedule.At(step) : null,
        };
        probe = wanted with { Round = asked.Ticket.Round };
        trainer.Rechecks.Add(asked);
        Tell(trainer, asked);
    }

    private bool HearProbe(BlockRecomputed recomputed)
    {
        if (probe is not { Round: { } asked, Signals: null } wanted || recomputed.Ticket.Round != asked)
            return false;
        probe = wanted.With(recomputed.Result, options.Lanes, options.TokensPerStep);
        AskDetectorFirst();
        return true;
    }
}
