using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Models;

namespace ActorTrain.Actors.Run;

internal sealed class Evaluations(RunLogicOptions options, RunOutput output, TrainerRoster roster, RunProgress progress, Rounds rounds,
    MetricsStream metrics)
{
    private long? due;
    private long evaluatedStep = -1;

    public bool IsDue => due is not null;

    /// <summary>Whether the weights must not change until they are evaluated.</summary>
    public bool HoldsUp => due == progress.Step;

    /// <param name="isEnding">Whether the run ends before its last step.</param>
    public void NoteBoundary(bool isEnding)
    {
        var step = progress.Step;
        if (options.HasValidation && evaluatedStep != step
            && (progress.IsComplete || (step > 0 && !isEnding && options.EvaluateEvery > 0 && step % options.EvaluateEvery == 0)))
            due = step;
    }

    /// <summary>Starts the evaluation that is due once a trainer is ready for it.</summary>
    public void Begin()
    {
        if (!HoldsUp || roster.All.Any(static trainer => trainer.Evaluating is not null)
            || roster.Ready(progress.Step) is not { } evaluator)
            return;
        evaluator.Evaluating = new Evaluate(progress.Step);
        roster.Tell(evaluator, evaluator.Evaluating);
    }

    public void Complete(TrainerEntry trainer, Evaluated evaluated)
    {
        if (trainer.Evaluating?.Step != evaluated.Step)
            return;
        if (due != evaluated.Step || evaluated.Step != progress.Step)
            throw new InvariantException($"The weights of step {evaluated.Step} were evaluated at step {progress.Step}; due is {due}.");
        (trainer.Evaluating, due, evaluatedStep) = (null, null, evaluated.Step);
        var measurement = new EvaluationMeasurement(evaluated.Step, evaluated.Loss, evaluated.Perplexity, evaluated.BitsPerByte)
        {
            Accuracy = evaluated.Accuracy,
        };
        metrics.Add(new MetricsItem(measurement, evaluated.Step));
        output.Do(new NotifyMeasurement(measurement, progress.LastStep));
    }

    /// <param name="hasFailed">Whether the run cannot continue.</param>
    /// <remarks>A stop does not wait for an evaluation, except the last one of a finished run. The evaluated step is then the one that is
    /// saved, so that a process that resumes there evaluates it.</remarks>
    public void GiveUp(bool hasFailed)
    {
        if (due is null || (due == progress.LastStep && !hasFailed))
            return;
        if (roster.All.FirstOrDefault(static trainer => trainer.Evaluating is not null) is { Evaluating: { } asked } evaluator)
        {
            roster.Tell(evaluator, new CancelEvaluation(asked.Step));
            evaluator.Evaluating = null;
        }

        due = null;
        rounds.Abandon();
    }

    /// <summary>Rolls back to <paramref name="step"/>.</summary>
    public void ReturnTo(long step)
    {
        due = null;
        if (evaluatedStep > step)
            evaluatedStep = -1;
    }
}
