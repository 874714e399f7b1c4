using ActorTrain.Actors.Training;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <content>Changes of the course, by the run itself or by operators, and the way back that some of them need.</content>
/// <remarks>A correction is in force from a step on, wherever the run stands when it is decided: what was computed beyond that step without it is
/// left, and taken again. So a run that is killed in between, and one that had the correction from the start, end with the same bits.</remarks>
public sealed partial class RunLogic
{
    private readonly Interventions interventions;
    private readonly List<(long Recorded, long Wish, OperatorAnswer Answer)> answers = [];
    private bool isPaused;

    private LearningRateSchedule Schedule => course.Extended(options.Schedule);

    private void Correct(Correction correction)
    {
        interventions.Add(correction);
        lastStep = Math.Max(lastStep, correction.Steps ?? 0);
        Record(correction.Steps is null ? new CourseCorrected(now, step, correction) : new RunExtended(now, step, correction));
        if (correction.From >= step)
            course = interventions.Ahead(course);
        FollowCorrections();
    }

    private void Extend(long steps, long from, string by)
    {
        var transition = options.Schedule.TransitionOf(from, steps);
        var rate = transition > 0 ? $"passes linearly over {transition} steps from the schedule so far to" : "is";
        var reason = $"{by} extended the run from {lastStep} steps to {steps}; from step {from} on, the learning rate {rate} that of a run of {steps} steps.";
        Correct(new Correction(interventions.Next, from, [], 1, by, reason) { Steps = steps });
    }

    private void FollowCorrections()
    {
        if (ended || isEndRecorded)
            return;
        foreach (var correction in interventions.Pending(course).ToList())
        {
            if (correction.From < step)
            {
                GoBack(correction.From, correction.Reason);
                FollowCorrections();
                return;
            }

            if (correction.From > step || (correction.Steps is not null && journal.IsExtending))
                return;

            // Whoever computes this step already may have begun with what is left out now.
            if (correction.Skipped.Count > 0)
                AbandonRound();
            course = course.With(correction);
        }
    }

    // All leave the state they have, and take over the newest one that is kept from a step or from before it.
    private void GoBack(long to, string reason)
    {
        var snapshot = slots.Held.FirstOrDefault(held => held.Step <= to);
        var origin = origins.Last(origin => origin.Step <= to);
        var (from, at) = snapshot is not null && snapshot.Step >= origin.Step ? (StateKind.Snapshot, snapshot.Step)
            : origin.WeightsHash is not null ? (StateKind.Checkpoint, origin.Step)
            : (StateKind.Seed, 0L);
        Record(new RunRolledBack(now, at, step, from, reason));
        Warn($"the run goes back from step {step} to the {RunEventWords.InWords(from)} of step {at}: {reason}");
        foreach (var trainer in trainers.Values.Where(static trainer => trainer.HasState))
        {
            Release(trainer);
            trainer.ForgetState();
            Refresh(trainer);
        }

        generation++;
        ForgetSaves(at);
        origins.RemoveAll(later => later.Step > at);
        Return(at, reason);
        SaveReturn(at);
    }

    // What is written to disk of a course that is left is not gone on from: it lacks a correction, or is replaced when its step comes again.
    private void ForgetSaves(long after)
    {
        if (saveNext is { } next && next.Snapshot.Step > after)
        {
            slots.Unpin(next.Snapshot.Slot);
            saveNext = null;
        }

        if (saving?.Step > after)
            isSavingVoid = true;
        if (savedStep > after)
        {
            var left = origins.LastOrDefault(origin => origin.WeightsHash is not null && origin.Step <= after);
            (savedStep, savedHash) = (left?.Step, left?.WeightsHash);
        }
    }

    private void Hear(OperatorWish wish)
    {
        var (by, boundary) = (wish.By, round is null ? step : step + 1);
        var from = interventions.EffectiveFrom(boundary, course);
        switch (wish.Command)
        {
            case RollBackRun back when back.To < 0 || back.To > step:
                Refuse(wish, $"The run has taken {step} steps, so it cannot go back to step {back.To}; give --to a step from 0 to {step}.");
                break;
            case RollBackRun back when back.Skip < 0:
                Refuse(wish, $"{back.Skip} batches cannot be left out; give --skip 0 or more.");
                break;
            case RollBackRun back:
                Correct(wish, back.To, back.Skip, 1, $"{by} sent the run back to step {back.To}.", $"The run goes back to step {back.To} and leaves out {back.Skip} batches.");
                break;
            case SkipBatches { Count: < 1 } skip:
                Refuse(wish, $"{skip.Count} batches cannot be left out; give 1 or more.");
                break;
            case SkipBatches skip:
                Correct(wish, from, skip.Count, 1, $"{by} had {skip.Count} batches left out.", $"The {skip.Count} batches from step {from} on are left out.");
                break;
            case ScaleLearningRate { Factor: var factor } when !(factor > 0) || !double.IsFinite(factor):
                Refuse(wish, FormattableString.Invariant($"The learning rate cannot be multiplied by {factor}; give --factor a number above 0."));
                break;
            case ScaleLearningRate { Factor: var factor }:
                Correct(wish, from, 0, factor, FormattableString.Invariant($"{by} multiplied the learning rate by {factor}."), FormattableString.Invariant($"From step {from} on the learning rate is multiplied by {factor}."));
                break;
            case ExtendRun { Steps: var steps } when steps <= lastStep:
                Refuse(wish, $"The run takes {lastStep} steps already; give --extend-to more than that.");
                break;
            case ExtendRun { Steps: var steps }:
                Extend(steps, from, by);
                Accept(wish, RunEventWords.Describe(interventions.All[^1]));
                break;
            case QuarantineTrainer { Trainer: var number } when !trainers.ContainsKey(number):
                Refuse(wish, $"There is no trainer {number}; there are {string.Join(", ", trainers.Keys)}.");
                break;
            case QuarantineTrainer { Trainer: var number }:
                Quarantine(trainers[number], by, $"{by} wanted it.");
                Accept(wish, $"Trainer {number} is quarantined; another takes its place.");
                break;
            case ReleaseTrainer { Trainer: var number } when !quarantined.Contains(number):
                Refuse(wish, quarantined.Count == 0 ? $"Trainer {number} is not quarantined; none is." : $"Trainer {number} is not quarantined; these are: {string.Join(", ", quarantined)}.");
                break;
            case ReleaseTrainer { Trainer: var number }:
                quarantined.Remove(number);
                Record(new TrainerReleased(now, step, number, by));
                Enlist();
                Accept(wish, $"Trainer {number} may take part again.");
                break;
            case PauseRun when isPaused:
                Refuse(wish, "The run is paused already.");
                break;
            case PauseRun:
                isPaused = true;
                Record(new RunPaused(now, step, by));
                Warn($"{by} pauses the run after step {boundary}; `actortrain resume` lets it go on.");
                Accept(wish, $"The run pauses after step {boundary}.");
                break;
            case ContinueRun when !isPaused:
                Refuse(wish, "The run is not paused.");
                break;
            case ContinueRun:
                isPaused = false;
                Record(new RunContinued(now, step, by));
                Accept(wish, $"The run goes on from step {step}.");
                break;
        }
    }

    private void Correct(OperatorWish wish, long from, long skip, double factor, string reason, string sentence)
    {
        if (from >= lastStep)
        {
            Refuse(wish, $"The run ends after step {lastStep}; nothing is left to change.");
            return;
        }

        Correct(new Correction(interventions.Next, from, skip == 0 ? [] : [Batches(from, skip, reason)], factor, wish.By, reason));
        Accept(wish, sentence);
    }

    private void Accept(OperatorWish wish, string sentence) => answers.Add((journal.Last, wish.Wish, new OperatorAnswer(true, sentence)));

    private void Refuse(OperatorWish wish, string sentence) => Do(new AnswerOperator(wish.Wish, new OperatorAnswer(false, sentence)));

    // A wish is answered when no crash can forget it any more.
    private void AnswerWishes()
    {
        foreach (var (_, wish, answer) in answers.Where(answer => answer.Recorded <= journal.Durable).ToList())
            Do(new AnswerOperator(wish, answer));
        answers.RemoveAll(answer => answer.Recorded <= journal.Durable);
    }
}
