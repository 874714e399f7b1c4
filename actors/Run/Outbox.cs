namespace ActorTrain.Actors.Run;

/// <summary>What was sent and is not yet answered: numbered without a gap, sent again when asked, forgotten when its number is
/// acknowledged.</summary>
/// <typeparam name="T">What is sent.</typeparam>
internal sealed class Outbox<T>
{
    private readonly Queue<(long Number, T Content)> waiting = new();
    private long last;

    /// <summary>Begins after a number that was acknowledged before.</summary>
    public Outbox(long last) => this.last = Acknowledged = last;

    public long Last => last;

    /// <summary>Everything up to this number has arrived.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>How many have not.</summary>
    public int Count => waiting.Count;

    /// <summary>What has not, in order.</summary>
    public IEnumerable<(long Number, T Content)> Waiting => waiting;

    /// <summary>Adds something to be sent.</summary>
    /// <returns>Its number.</returns>
    public long Add(T content)
    {
        waiting.Enqueue((++last, content));
        return last;
    }

    /// <summary>Everything up to a number has arrived.</summary>
    public void Acknowledge(long number)
    {
        while (waiting.TryPeek(out var first) && first.Number <= number)
            waiting.Dequeue();
        Acknowledged = Math.Clamp(number, Acknowledged, last);
    }
}
