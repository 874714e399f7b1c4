using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>What operators request of the run, and what they are answered.</summary>
internal sealed class OperatorDesk(
    RunOutput output, RunEnd end, Decisions decisions, TrainerRoster roster, RunProgress progress, Rounds rounds, Membership membership, Steering steering)
{
    private readonly List<(long Decision, long Request, OperatorAnswer Answer)> answers = [];

    /// <summary>Whether an operator wants no further step.</summary>
    public bool HasPaused { get; private set; } = decisions.Known.IsPaused;

    /// <summary>Handles a request.</summary>
    public void Handle(OperatorRequest request)
    {
        if (end.IsRecorded)
        {
            Refuse(request, "The run is ending, so nothing was changed; try again when its process is gone.");
            return;
        }

        var (by, step, boundary) = (request.By, progress.Step, rounds.Current is null ? progress.Step : progress.Step + 1);
        switch (request.Command)
        {
            case RollBackRun back when back.To < 0 || back.To > step:
                Refuse(request, $"The run has taken {step} steps, so it cannot go back to step {back.To}; give --to a step from 0 to {step}.");
                break;
            case RollBackRun back when back.Skip < 0:
                Refuse(request, $"{back.Skip} batches cannot be left out; give --skip 0 or more.");
                break;
            case RollBackRun back:
                Intervene(request, back.To, back.Skip, 1, $"{by} sent the run back to step {back.To}.", $"The run goes back to step {back.To} and leaves out {back.Skip} batches.");
                break;
            case SkipBatches { Count: < 1 } skip:
                Refuse(request, $"{skip.Count} batches cannot be left out; give 1 or more.");
                break;
            case SkipBatches skip:
                var from = steering.EffectiveFrom;
                Intervene(request, from, skip.Count, 1, $"{by} had {skip.Count} batches left out.", $"The {skip.Count} batches from step {from} on are left out.");
                break;
            case ScaleLearningRate { Factor: var factor } when !(factor > 0) || !double.IsFinite(factor):
                Refuse(request, FormattableString.Invariant($"The learning rate cannot be multiplied by {factor}; give --factor a number above 0."));
                break;
            case ScaleLearningRate { Factor: var factor }:
                var since = steering.EffectiveFrom;
                Intervene(request, since, 0, factor, FormattableString.Invariant($"{by} multiplied the learning rate by {factor}."), FormattableString.Invariant($"From step {since} on the learning rate is multiplied by {factor}."));
                break;
            case ExtendRun { Steps: var steps } when steps <= progress.LastStep:
                Refuse(request, $"The run takes {progress.LastStep} steps already; give --extend-to more than that.");
                break;
            case ExtendRun { Steps: var steps }:
                steering.Extend(steps, steering.EffectiveFrom, by);
                Accept(request, RunEventWords.Describe(progress.Interventions.All[^1]));
                break;
            case QuarantineTrainer { Trainer: var number } when roster[number] is null:
                Refuse(request, $"There is no trainer {number}; there are {string.Join(", ", roster.All.Select(static trainer => trainer.Number))}.");
                break;
            case QuarantineTrainer { Trainer: var number }:
                membership.Quarantine(roster[number]!, by, $"{by} wanted it.");
                Accept(request, $"Trainer {number} is quarantined; another takes its place.");
                break;
            case ReleaseTrainer { Trainer: var number } when !roster.Quarantined.Contains(number):
                Refuse(request, roster.Quarantined.Count == 0 ? $"Trainer {number} is not quarantined; none is." : $"Trainer {number} is not quarantined; these are: {string.Join(", ", roster.Quarantined)}.");
                break;
            case ReleaseTrainer { Trainer: var number }:
                membership.Release(number, by);
                Accept(request, $"Trainer {number} may take part again.");
                break;
            case PauseRun when HasPaused:
                Refuse(request, "The run is paused already.");
                break;
            case PauseRun:
                HasPaused = true;
                decisions.Record(new RunPaused(output.Now, step, by));
                output.Warn($"{by} pauses the run after step {boundary}; `actortrain resume` lets it go on.");
                Accept(request, $"The run pauses after step {boundary}.");
                break;
            case ContinueRun when !HasPaused:
                Refuse(request, "The run is not paused.");
                break;
            case ContinueRun:
                HasPaused = false;
                decisions.Record(new RunContinued(output.Now, step, by));
                Accept(request, $"The run goes on from step {step}.");
                break;
        }
    }

    /// <summary>Answers requests that no crash can forget any more.</summary>
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
            Refuse(request, $"The run ends after step {progress.LastStep}; nothing is left to change.");
            return;
        }

        steering.Intervene(new Correction(progress.Interventions.Next, from, skip == 0 ? [] : [progress.Batches(from, skip, reason)], factor, request.By, reason));
        Accept(request, sentence);
    }

    private void Accept(OperatorRequest request, string sentence) => answers.Add((decisions.Last, request.Number, new OperatorAnswer(true, sentence)));

    private void Refuse(OperatorRequest request, string sentence) => output.Do(new AnswerOperator(request.Number, new OperatorAnswer(false, sentence)));
}
