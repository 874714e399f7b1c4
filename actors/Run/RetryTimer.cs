using ActorTrain.Actors.Supervision;

namespace ActorTrain.Actors.Run;

/// <summary>When what is not answered is asked again: after an interval, then after twice that, and so on.</summary>
internal sealed class RetryTimer(TimeSpan interval)
{
    private readonly Backoff backoff = new(interval, TimeSpan.FromDays(1));

    /// <summary>When it is due.</summary>
    public DateTimeOffset At { get; private set; }

    /// <summary>It was asked for the first time.</summary>
    public void Start(DateTimeOffset now)
    {
        backoff.Reset();
        Repeat(now);
    }

    public void Repeat(DateTimeOffset now) => At = now + backoff.Next();

    /// <summary>Whether it is to be asked again.</summary>
    public bool IsDue(DateTimeOffset now) => now >= At;
}
