using System.Diagnostics;
using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;

namespace Akka.TestKit;

/// <summary>A scheduler whose clock stands still until a test moves it; due work runs on the thread of the test.</summary>
/// <remarks>Plugged in by <c>akka.scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit"</c>. Work runs by due time, and
/// by order of scheduling within one. Repeated work runs once per advance, however far that goes, and is next due one interval after the
/// time then reached; work scheduled by work waits for the next advance.</remarks>
public class TestScheduler : IScheduler, IAdvancedScheduler
{
    private readonly Lock gate = new();
    private readonly PriorityQueue<Work, (long Due, long Order)> pending = new();
    private DateTimeOffset now = DateTimeOffset.UtcNow;
    private long scheduled;

    /// <summary>Starts the clock at the time of day.</summary>
    /// <param name="schedulerConfig">Not used; every scheduler is made with it.</param>
    /// <param name="log">Not used; every scheduler is made with it.</param>
    public TestScheduler(Config schedulerConfig, ILoggingAdapter log)
    {
    }

    /// <inheritdoc/>
    public DateTimeOffset Now
    {
        get
        {
            lock (gate)
            {
                return now;
            }
        }
    }

    /// <summary>The time since some fixed instant by the real clock, which does not stand still.</summary>
    public TimeSpan MonotonicClock => Stopwatch.GetElapsedTime(0);

    /// <summary>The same as <see cref="MonotonicClock"/>.</summary>
    public TimeSpan HighResMonotonicClock => Stopwatch.GetElapsedTime(0);

    /// <inheritdoc/>
    public IAdvancedScheduler Advanced => this;

    /// <summary>The time of this clock.</summary>
    protected DateTimeOffset TimeNow => Now;

    /// <summary>Moves the clock on and runs what is due by then.</summary>
    public void Advance(TimeSpan offset)
    {
        foreach (var work in TakeDue(offset))
        {
            if (work.Cancelable is { IsCancellationRequested: true })
                continue;

            work.Run();
            if (work.Interval is { } interval && work.Cancelable is not { IsCancellationRequested: true })
                Schedule(interval, work);
        }
    }

    /// <summary>Moves the clock on to an instant and runs what is due by then.</summary>
    /// <exception cref="InvalidOperationException">Where the instant has passed.</exception>
    public void AdvanceTo(DateTimeOffset when)
    {
        var offset = when - Now;
        if (offset < TimeSpan.Zero)
            throw new InvalidOperationException("You can't reverse time...");

        Advance(offset);
    }

    /// <inheritdoc/>
    public void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender) =>
        ScheduleTellOnce(delay, receiver, message, sender, null);

    /// <inheritdoc/>
    public void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable? cancelable) =>
        Schedule(delay, new Work(() => receiver.Tell(message, sender), null, cancelable));

    /// <inheritdoc/>
    public void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender) =>
        ScheduleTellRepeatedly(initialDelay, interval, receiver, message, sender, null);

    /// <inheritdoc/>
    public void ScheduleTellRepeatedly(
        TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable? cancelable) =>
        Schedule(initialDelay, new Work(() => receiver.Tell(message, sender), interval, cancelable));

    /// <inheritdoc/>
    public void ScheduleOnce(TimeSpan delay, Action action) => ScheduleOnce(delay, action, null);

    /// <inheritdoc/>
    public void ScheduleOnce(TimeSpan delay, Action action, ICancelable? cancelable) =>
        Schedule(delay, new Work(action, null, cancelable));

    /// <inheritdoc/>
    public void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action) =>
        ScheduleRepeatedly(initialDelay, interval, action, null);

    /// <inheritdoc/>
    public void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable? cancelable) =>
        Schedule(initialDelay, new Work(action, interval, cancelable));

    /// <inheritdoc/>
    public void ScheduleOnce(TimeSpan delay, IRunnable action) => ScheduleOnce(delay, action, null);

    /// <inheritdoc/>
    public void ScheduleOnce(TimeSpan delay, IRunnable action, ICancelable? cancelable) => ScheduleOnce(delay, action.Run, cancelable);

    /// <inheritdoc/>
    public void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, IRunnable action) =>
        ScheduleRepeatedly(initialDelay, interval, action, null);

    /// <inheritdoc/>
    public void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, IRunnable action, ICancelable? cancelable) =>
        ScheduleRepeatedly(initialDelay, interval, action.Run, cancelable);

    private void Schedule(TimeSpan delay, Work work)
    {
        lock (gate)
        {
            pending.Enqueue(work, ((now + delay).UtcTicks, scheduled++));
        }
    }

    private List<Work> TakeDue(TimeSpan offset)
    {
        lock (gate)
        {
            now += offset;
            var due = new List<Work>();
            while (pending.TryPeek(out var work, out var priority) && priority.Due <= now.UtcTicks)
            {
                pending.Dequeue();
                due.Add(work);
            }

            return due;
        }
    }

    private sealed record Work(Action Run, TimeSpan? Interval, ICancelable? Cancelable);
}
