namespace ActorTrain.Actors.Run;

/// <summary>Numbered items that were sent but not acknowledged: numbered without gaps, resent on request, removed on
/// acknowledgement.</summary>
internal sealed class Outbox<T>
{
    private readonly Queue<(long Number, T Content)> waiting = new();
    private long last;

    public Outbox(long last) => this.last = Acknowledged = last;

    public long Last => last;

    /// <summary>Everything up to this number is acknowledged.</summary>
    public long Acknowledged { get; private set; }

    public int Count => waiting.Count;

    public IEnumerable<(long Number, T Content)> Waiting => waiting;

    public long Add(T content)
    {
        waiting.Enqueue((++last, content));
        return last;
    }

    /// <summary>Removes everything up to <paramref name="number"/>.</summary>
    public void Acknowledge(long number)
    {
        while (waiting.TryPeek(out var first) && first.Number <= number)
            waiting.Dequeue();
        Acknowledged = Math.Clamp(number, Acknowledged, last);
    }
}
