using ActorTrain.Actors.Supervision;

namespace ActorTrain.Actors.Run;

/// <summary>When an unanswered request is repeated: after an interval that doubles each time.</summary>
internal sealed class RetryTimer(TimeSpan interval)
{
    private readonly Backoff backoff = new(interval, TimeSpan.FromDays(1));

    public DateTimeOffset At { get; private set; }

    public void Start(DateTimeOffset now)
    {
        backoff.Reset();
        Repeat(now);
    }

    public void Repeat(DateTimeOffset now) => At = now + backoff.Next();

    public bool IsDue(DateTimeOffset now) => now >= At;
}
