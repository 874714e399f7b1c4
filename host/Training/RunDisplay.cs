using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Host.Progress;
using ActorTrain.Models.Plan;

namespace ActorTrain.Host.Training;

/// <summary>Translates the notices of a run for its display.</summary>
/// <param name="tokensPerStep">Tokens of a global batch.</param>
/// <param name="flopsPerToken">Floating-point operations of forward and backward, per token.</param>
/// <param name="gemmRate">The machine's rate of matrix products, in FLOP/s.</param>
/// <param name="pathOf">Path of the checkpoint of a step.</param>
internal sealed class RunDisplay(ITrainingProgress progress, long tokensPerStep, double flopsPerToken, double gemmRate, Func<long,
    string> pathOf)
{
    /// <summary>Names of the parts of a reward.</summary>
    public IReadOnlyList<string> RewardParts { get; init; } = [];

    /// <summary>Which weights sample for which step.</summary>
    public RolloutSchedule Rollouts { get; init; } = RolloutSchedule.OnPolicy;

    private TimeSpan spent;
    private long taken;

    public void Notify(RunNotice notice)
    {
        switch (notice)
        {
            case NotifyText { IsWarning: true } warning:
                progress.Warning(warning.Sentence);
                break;
            case NotifyText text:
                progress.Note(text.Sentence);
                break;
            case NotifyCheckpoint checkpoint:
                progress.Report(new CheckpointProgress(checkpoint.Step, pathOf(checkpoint.Step)));
                break;
            case NotifyMeasurement { Measurement: StepMeasurement step, Steps: var steps }:
                Notify(step, steps);
                break;
            case NotifyMeasurement { Measurement: EvaluationMeasurement evaluation }:
                progress.Report(new EvaluationProgress(evaluation.Step, evaluation.Loss, evaluation.BitsPerByte, evaluation.Accuracy));
                break;
        }
    }

    private void Notify(StepMeasurement step, long totalSteps)
    {
        spent += step.Elapsed;
        taken++;
        var rate = (step.Rollouts?.Tokens ?? tokensPerStep) / step.Elapsed.TotalSeconds;
        progress.Report(new StepProgress(
            step.Step, totalSteps, step.Loss, step.GradientNorm, step.LearningRate, rate, rate * flopsPerToken / gemmRate,
                spent / taken * (totalSteps - step.Step))
        {
            Rollouts = step.Rollouts,
            RewardParts = RewardParts,
            Age = step.Rollouts is null ? 0 : step.Step - 1 - Rollouts.WeightsOf(step.Step - 1),
            Policy = step.Policy,
        });
    }
}
