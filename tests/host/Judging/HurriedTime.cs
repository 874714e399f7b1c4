using System.Collections.Concurrent;

namespace ActorTrain.Host.Tests.Judging;

/// <summary>A time in which pauses are over at once, and limits are reached only on demand.</summary>
/// <param name="limit">Waits of this length are limits.</param>
internal sealed class HurriedTime(TimeSpan limit) : TimeProvider
{
    private readonly ConcurrentQueue<TimeSpan> pauses = [];
    private readonly ConcurrentQueue<Action> limits = [];

    /// <summary>The pauses so far.</summary>
    public IReadOnlyList<TimeSpan> Pauses => [.. pauses];

    /// <summary>All limits that were set are reached.</summary>
    public void ReachLimits()
    {
        while (limits.TryDequeue(out var reach))
            reach();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime == limit)
        {
            limits.Enqueue(() => callback(state));
        }
        else
        {
            pauses.Enqueue(dueTime);
            ThreadPool.QueueUserWorkItem(_ => callback(state));
        }

        return new Inert();
    }

    private sealed class Inert : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
