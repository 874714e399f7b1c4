namespace ActorTrain.Host.Progress;

/// <summary>Lets one thread at a time to a display: training, the writer of checkpoints and a signal all speak to the same one.</summary>
/// <remarks>The locks of the terminal library are no help: a redraw and a line written beside it take them in opposite order.</remarks>
internal sealed class SerialProgress(ITrainingProgress display) : ITrainingProgress
{
    private readonly Lock gate = new();

    public void Note(string text)
    {
        lock (gate)
            display.Note(text);
    }

    public void Report(StepProgress finished)
    {
        lock (gate)
            display.Report(finished);
    }

    public void Report(EvaluationProgress evaluation)
    {
        lock (gate)
            display.Report(evaluation);
    }

    public void Report(CheckpointProgress checkpoint)
    {
        lock (gate)
            display.Report(checkpoint);
    }

    public void Warning(string text)
    {
        lock (gate)
            display.Warning(text);
    }

    public void Dispose()
    {
        lock (gate)
            display.Dispose();
    }
}
