using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

internal sealed class OperatorDesk(
    RunOutput output, RunEnd end, Decisions decisions, TrainerRoster roster, RunProgress progress, Rounds rounds, Membership membership,
    Steering steering)
{
    private readonly List<(long Decision, long Request, OperatorAnswer Answer)> answers = [];

    public bool HasPaused { get; private set; } = decisions.Known.IsPaused;

    public void Handle(OperatorRequest request)
    {
        if (end.IsRecorded)
        {
            Refuse(request, "The run is ending, so nothing was changed; try again after its process has exited.");
            return;
        }

        var (by, step, boundary) = (request.By, progress.Step, rounds.Current is null ? progress.Step : progress.Step + 1);
        switch (request.Command)
        {
            case RollBackRun back when back.To < 0 || back.To > step:
                Refuse(request, $"Cannot roll back to step {back.To}: the run is at step {step}; set --to to a step from 0 to {step}.");
                break;
            case RollBackRun back when back.Skip < 0:
                Refuse(request, $"Cannot skip {back.Skip} batches; set --skip to 0 or more.");
                break;
            case RollBackRun back:
                Intervene(request, back.To, back.Skip, 1, $"Rollback to step {back.To} requested by {by}.",
                    back.Skip == 0 ? $"Rolling back to step {back.To}."
                        : $"Rolling back to step {back.To} and skipping {back.Skip} batches.");
                break;
            case SkipBatches { Count: < 1 } skip:
                Refuse(request, $"Cannot skip {skip.Count} batches; give 1 or more.");
                break;
            case SkipBatches skip:
                var from = steering.EffectiveFrom;
                Intervene(request, from, skip.Count, 1, $"Skip of {skip.Count} batches requested by {by}.",
                    $"Skipping {skip.Count} batches from step {from}.");
                break;
            case ScaleLearningRate { Factor: var factor } when !(factor > 0) || !double.IsFinite(factor):
                Refuse(request, FormattableString.Invariant(
                    $"Cannot multiply the learning rate by {factor}; set --factor to a number above 0."));
                break;
            case ScaleLearningRate { Factor: var factor }:
                var since = steering.EffectiveFrom;
                Intervene(
                    request, since, 0, factor, FormattableString.Invariant($"Learning-rate factor {factor} requested by {by}."),
                    FormattableString.Invariant($"The learning rate is multiplied by {factor} from step {since}."));
                break;
            case ExtendRun { Steps: var steps } when steps <= progress.LastStep:
                Refuse(request, $"The run already has {progress.LastStep} steps; set --extend-to to more than that.");
                break;
            case ExtendRun { Steps: var steps }:
                steering.Extend(steps, steering.EffectiveFrom, by);
                Accept(request, RunEventWords.Describe(progress.Interventions.All[^1]));
                break;
            case QuarantineTrainer { Trainer: var number } when roster[number] is null:
                Refuse(request, $"There is no trainer {number}; the trainers are "
                    + $"{string.Join(", ", roster.All.Select(static trainer => trainer.Number))}.");
                break;
            case QuarantineTrainer { Trainer: var number }:
                membership.Quarantine(roster[number]!, by, $"Requested by {by}.");
                Accept(request, $"Trainer {number} is quarantined; a replacement starts.");
                break;
            case ReleaseTrainer { Trainer: var number } when !roster.Quarantined.Contains(number):
                Refuse(request, roster.Quarantined.Count == 0 ? $"Trainer {number} is not quarantined; no trainer is." :
                    $"Trainer {number} is not quarantined; the quarantined trainers are {string.Join(", ", roster.Quarantined)}.");
                break;
            case ReleaseTrainer { Trainer: var number }:
                membership.Release(number, by);
                Accept(request, $"Trainer {number} is released from quarantine.");
                break;
            case PauseRun when HasPaused:
                Refuse(request, "The run is already paused.");
                break;
            case PauseRun:
                HasPaused = true;
                decisions.Record(new RunPaused(output.Now, step, by));
                output.Warn($"paused by {by} after step {boundary}; continue with `actortrain resume`.");
                Accept(request, $"Pausing after step {boundary}.");
                break;
            case ContinueRun when !HasPaused:
                Refuse(request, "The run is not paused.");
                break;
            case ContinueRun:
                HasPaused = false;
                decisions.Record(new RunContinued(output.Now, step, by));
                Accept(request, $"Resuming from step {step}.");
                break;
        }
    }

    /// <summary>Answers requests whose decisions are durable.</summary>
    public void Answer()
    {
        foreach (var (_, request, answer) in answers.Where(answer => answer.Decision <= decisions.Durable))
            output.Do(new AnswerOperator(request, answer));
        answers.RemoveAll(answer => answer.Decision <= decisions.Durable);
    }

    private void Intervene(OperatorRequest request, long from, long skip, double factor, string reason, string sentence)
    {
        if (from >= progress.LastStep)
        {
            Refuse(request, $"The run ends after step {progress.LastStep}; there are no later steps to change.");
            return;
        }

        steering.Intervene(new Intervention(progress.Interventions.Next, from, skip == 0 ? [] : [progress.Batches(from, skip, reason)],
            factor, request.By, reason));
        Accept(request, sentence);
    }

    private void Accept(OperatorRequest request, string sentence) =>
        answers.Add((decisions.Last, request.Number, new OperatorAnswer(true, sentence)));

    private void Refuse(OperatorRequest request, string sentence) =>
        output.Do(new AnswerOperator(request.Number, new OperatorAnswer(false, sentence)));
}
