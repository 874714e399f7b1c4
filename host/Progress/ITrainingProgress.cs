using ActorTrain.Host.Cli;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Host.Progress;

/// <param name="Step">Counted from 1.</param>
/// <param name="Loss">Mean cross-entropy in nats per token.</param>
/// <param name="Mfu">Model FLOPs per second over the machine's matrix-product rate, 0 to 1; null if not measured.</param>
/// <param name="TimeLeft">Estimate; null if there is none yet.</param>
public sealed record StepProgress(
    long Step, long TotalSteps, double Loss, double GradientNorm, double LearningRate, double TokensPerSecond, double? Mfu,
    TimeSpan? TimeLeft)
{
    /// <summary>Figures of the rollouts that it was trained on; null without rollouts.</summary>
    public RolloutSummary? Rollouts { get; init; }

    /// <summary>Names of the parts of their reward.</summary>
    public IReadOnlyList<string> RewardParts { get; init; } = [];

    /// <summary>Updates since the weights that sampled them.</summary>
    public long Age { get; init; }

    /// <summary>How far the policy has moved from the one that sampled them; null without rollouts.</summary>
    public PolicyFigures? Policy { get; init; }
}

/// <summary>One evaluation on the validation split.</summary>
/// <param name="Step">The step after which it was made.</param>
/// <param name="Loss">Mean cross-entropy in nats per token.</param>
/// <param name="BitsPerByte">The same in bits per byte of text; null if bytes were not counted.</param>
/// <param name="Accuracy">The share of preference pairs ordered rightly; null for text.</param>
public sealed record EvaluationProgress(long Step, double Loss, double? BitsPerByte, double? Accuracy = null)
{
    public double Perplexity => Math.Exp(Loss);
}

/// <summary>One complete and verified checkpoint.</summary>
/// <param name="Step">The step after which it was taken.</param>
public sealed record CheckpointProgress(long Step, string Path);

/// <summary>Displays a training run. Not thread-safe, except the displays of <see cref="TrainingProgress.For"/>.</summary>
public interface ITrainingProgress : IDisposable
{
    /// <summary>Information on the run as a whole: what it is, where it resumes, how it ended.</summary>
    void Note(string text);

    void Report(StepProgress finished);

    void Report(EvaluationProgress evaluation);

    void Report(CheckpointProgress checkpoint);

    /// <summary>A problem that does not stop the run.</summary>
    void Warning(string text);
}

public static class TrainingProgress
{
    /// <summary>A live display on a terminal, plain lines elsewhere; thread-safe.</summary>
    public static ITrainingProgress For(CommandContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new SerialProgress(
            context.IsTerminal ? new LiveProgress(LiveProgress.Console(context.Output), context.Time)
                : new PlainProgress(context.Output, context.Time));
    }
}
