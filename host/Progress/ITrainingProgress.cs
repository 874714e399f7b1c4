using ActorTrain.Host.Cli;

namespace ActorTrain.Host.Progress;

/// <param name="Step">Its number, counted from 1.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <param name="Loss">Mean cross-entropy in nats per token.</param>
/// <param name="TokensPerSecond">Tokens trained on per second.</param>
/// <param name="Mfu">Model FLOPs per second over the machine's matrix-product rate, 0 to 1; null where that was not measured.</param>
/// <param name="TimeLeft">Estimate to the end of the run, or null where there is none yet.</param>
public sealed record StepProgress(
    long Step, long TotalSteps, double Loss, double GradientNorm, double LearningRate, double TokensPerSecond, double? Mfu,
        TimeSpan? TimeLeft);

/// <summary>One evaluation on the validation split.</summary>
/// <param name="Step">The step after which it was made.</param>
/// <param name="Loss">Mean cross-entropy in nats per token.</param>
/// <param name="BitsPerByte">The same in bits per byte of text, or null where bytes were not counted.</param>
public sealed record EvaluationProgress(long Step, double Loss, double? BitsPerByte)
{
    /// <summary>Perplexity, e to the loss.</summary>
    public double Perplexity => Math.Exp(Loss);
}

/// <summary>One checkpoint that is complete and verified.</summary>
/// <param name="Step">The step after which it was taken.</param>
public sealed record CheckpointProgress(long Step, string Path);

/// <summary>Shows a training run to the person who started it. One thread at a time; what <see cref="TrainingProgress.For"/> gives takes
/// calls from any.</summary>
public interface ITrainingProgress : IDisposable
{
    /// <summary>Something about the run as a whole: what it is, from where it continues, how it ended.</summary>
    void Note(string text);

    void Report(StepProgress finished);

    void Report(EvaluationProgress evaluation);

    void Report(CheckpointProgress checkpoint);

    /// <summary>Something is not as it should be, but the run continues.</summary>
    void Warning(string text);
}

/// <summary>Chooses how a run is shown.</summary>
public static class TrainingProgress
{
    /// <summary>A live display on a terminal, plain lines elsewhere; safe to call from any thread.</summary>
    public static ITrainingProgress For(CommandContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new SerialProgress(
            context.IsTerminal ? new LiveProgress(LiveProgress.Console(context.Output), context.Time)
                : new PlainProgress(context.Output, context.Time));
    }
}
