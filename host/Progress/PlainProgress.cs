namespace ActorTrain.Host.Progress;

/// <summary>Progress as lines of words and numbers, for files, pipes and <c>grep</c>.</summary>
/// <remarks>Each line begins with its kind: <c>step</c>, <c>eval</c>, <c>checkpoint</c>, <c>warning:</c>. The first and the last step are
/// always printed, others at most once per interval.</remarks>
public sealed class PlainProgress : ITrainingProgress
{
    public static readonly TimeSpan UsualInterval = TimeSpan.FromSeconds(5);

    private readonly TextWriter output;
    private readonly TimeProvider time;
    private readonly TimeSpan interval;
    private StepProgress? unwritten;
    private long? lastWrite;

    public PlainProgress(TextWriter output, TimeProvider time, TimeSpan? interval = null)
    {
        this.output = output;
        this.time = time;
        this.interval = interval ?? UsualInterval;
    }

    public void Note(string text) => Line(text);

    public void Report(StepProgress finished)
    {
        ArgumentNullException.ThrowIfNull(finished);
        unwritten = finished;
        if (lastWrite is { } last && time.GetElapsedTime(last) < interval && finished.Step < finished.TotalSteps)
            return;
        lastWrite = time.GetTimestamp();
        WriteStep();
    }

    public void Report(EvaluationProgress evaluation)
    {
        ArgumentNullException.ThrowIfNull(evaluation);
        var bits = evaluation.BitsPerByte is { } value ? $" bits_per_byte {Figures.Loss(value)}" : "";
        var quality = evaluation.Accuracy is { } accuracy ? $"accuracy {Figures.Percent(accuracy)}"
            : $"perplexity {Figures.Short(evaluation.Perplexity)}{bits}";
        Line($"eval step {evaluation.Step} loss {Figures.Loss(evaluation.Loss)} {quality}");
    }

    public void Report(CheckpointProgress checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        Line($"checkpoint step {checkpoint.Step} {checkpoint.Path}");
    }

    public void Warning(string text) => Line($"warning: {text}");

    /// <summary>Writes the last step, if it was not printed.</summary>
    public void Dispose() => WriteStep();

    private void WriteStep()
    {
        if (unwritten is not { } step)
            return;
        unwritten = null;
        var mfu = step.Mfu is { } fraction ? $" mfu {Figures.Percent(fraction)}" : "";
        var left = step.TimeLeft is { } duration ? $" eta {Figures.Duration(duration)}" : "";
        var age = step.Age > 0 ? $" age {step.Age}" : "";
        var rollouts = step.Rollouts is { } summary
            ? $" reward {Figures.Reward(summary, step.RewardParts)} {Figures.Of(summary)}{Figures.Of(step.Policy)}{age}" : "";
        Line($"step {step.Step}/{step.TotalSteps}{rollouts} loss {Figures.Loss(step.Loss)} grad_norm {Figures.Short(step.GradientNorm)} "
            + $"lr {Figures.LearningRate(step.LearningRate)} tokens/s {Figures.Whole(step.TokensPerSecond)}{mfu}{left}");
    }

    // Flush every line for readers that follow the log.
    private void Line(string text)
    {
        output.WriteLine(text);
        output.Flush();
    }
}
