namespace ActorTrain.Host.Progress;

/// <summary>Lets one thread at a time to a display: training, the writer of checkpoints and a signal all speak to the same one.</summary>
/// <remarks>The locks of the terminal library are no help: a redraw and a line written beside it take them in opposite order.</remarks>
internal sealed class SerialProgress(ITrainingProgress display) : ITrainingProgress
{
    private readonly Lock gate = new();

    /// <inheritdoc/>
    public void Note(string text)
    {
        lock (gate)
            display.Note(text);
    }

    /// <inheritdoc/>
    public void Report(StepProgress finished)
    {
        lock (gate)
            display.Report(finished);
    }

    /// <inheritdoc/>
    public void Report(EvaluationProgress evaluation)
    {
        lock (gate)
            display.Report(evaluation);
    }

    /// <inheritdoc/>
    public void Report(CheckpointProgress checkpoint)
    {
        lock (gate)
            display.Report(checkpoint);
    }

    /// <inheritdoc/>
    public void Warning(string text)
    {
        lock (gate)
            display.Warning(text);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
            display.Dispose();
    }
}
