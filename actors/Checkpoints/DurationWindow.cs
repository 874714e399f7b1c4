namespace ActorTrain.Actors.Checkpoints;

/// <summary>The median of the last durations, which ignores outliers.</summary>
internal sealed class DurationWindow(int size)
{
    private readonly Queue<TimeSpan> last = new();

    /// <summary>Null before the first.</summary>
    public TimeSpan? Median => last.Count == 0 ? null : last.Order().ElementAt(last.Count / 2);

    public void Add(TimeSpan duration)
    {
        if (last.Count == size)
            last.Dequeue();
        last.Enqueue(duration);
    }
}
