namespace ActorTrain.Actors.Run;

/// <summary>When what is not answered is asked again: after an interval, then after twice that, and so on.</summary>
internal sealed class RetryTimer(TimeSpan interval)
{
    private TimeSpan delay;

    /// <summary>When it is due.</summary>
    public DateTimeOffset At { get; private set; }

    /// <summary>It was asked for the first time.</summary>
    public void Start(DateTimeOffset now)
    {
        delay = interval;
        At = now + delay;
    }

    public void Repeat(DateTimeOffset now)
    {
        delay *= 2;
        At = now + delay;
    }

    /// <summary>Whether it is to be asked again.</summary>
    public bool IsDue(DateTimeOffset now) => now >= At;
}
