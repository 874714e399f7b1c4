namespace ActorTrain.Host.Progress;

/// <summary>Serializes calls to a display, which come from training, the checkpoint writer and signal handlers.</summary>
/// <remarks>The terminal library's own locks can deadlock: a redraw and a line written beside it take them in opposite order.</remarks>
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
