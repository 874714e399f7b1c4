using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Host.Progress;

namespace ActorTrain.Host.Pretraining;

/// <summary>Turns what a run says into what its watcher sees.</summary>
/// <param name="progress">The display.</param>
/// <param name="tokensPerStep">Tokens of a global batch.</param>
/// <param name="flopsPerToken">Floating-point operations of forward and backward, per token.</param>
/// <param name="gemmRate">The machine's rate of matrix products, in FLOP/s.</param>
/// <param name="pathOf">Where the checkpoint of a step lies.</param>
internal sealed class RunDisplay(ITrainingProgress progress, long tokensPerStep, double flopsPerToken, double gemmRate, Func<long, string> pathOf)
{
    private TimeSpan spent;
    private long taken;

    /// <summary>Shows one thing.</summary>
    public void Show(RunNotice notice)
    {
        switch (notice)
        {
            case Say { IsWarning: true } say:
                progress.Warning(say.Sentence);
                break;
            case Say say:
                progress.Note(say.Sentence);
                break;
            case ShowCheckpoint checkpoint:
                progress.Show(new CheckpointProgress(checkpoint.Step, pathOf(checkpoint.Step)));
                break;
            case Show { Measurement: StepMeasurement step, Steps: var steps }:
                Show(step, steps);
                break;
            case Show { Measurement: EvaluationMeasurement evaluation }:
                progress.Show(new EvaluationProgress(evaluation.Step, evaluation.Loss, evaluation.BitsPerByte));
                break;
        }
    }

    private void Show(StepMeasurement step, long totalSteps)
    {
        spent += step.Elapsed;
        taken++;
        var rate = tokensPerStep / step.Elapsed.TotalSeconds;
        progress.Show(new StepProgress(
            step.Step, totalSteps, step.Loss, step.GradientNorm, step.LearningRate, rate, rate * flopsPerToken / gemmRate, spent / taken * (totalSteps - step.Step)));
    }
}
