namespace ActorTrain.Actors.Checkpoints;

/// <summary>The last few durations of something, and what is usual among them: one that was disturbed does not count.</summary>
internal sealed class DurationWindow(int size)
{
    private readonly Queue<TimeSpan> last = new();

    /// <summary>The median; null before the first.</summary>
    public TimeSpan? Median => last.Count == 0 ? null : last.Order().ElementAt(last.Count / 2);

    /// <summary>Notes one.</summary>
    public void Add(TimeSpan duration)
    {
        if (last.Count == size)
            last.Dequeue();
        last.Enqueue(duration);
    }
}
