using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;
using Akka.Util;

namespace Akka.Actor;

/// <summary>The default scheduler: one thread that sleeps until the next thing is due.</summary>
/// <remarks>The name is the one that configurations give. Nothing is done early; what is due together is done in the order of its time.</remarks>
public sealed class HashedWheelTimerScheduler : SchedulerBase, IDisposable
{
    private readonly Lock gate = new();
    private readonly AutoResetEvent earlier = new(false);
    private readonly PriorityQueue<Due, (long At, long Number)> queue = new();
    private long number;
    private int sweepAt = 256;
    private Thread thread;
    private bool stopped;

    /// <summary>With the settings of the system.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Ticks of less than 10 ms are asked for.</exception>
    public HashedWheelTimerScheduler(Config scheduler, ILoggingAdapter log) : base(scheduler, log)
    {
        if (scheduler.GetTimeSpan("akka.scheduler.tick-duration") < TimeSpan.FromMilliseconds(10))
            throw new ArgumentOutOfRangeException(nameof(scheduler), "akka.scheduler.tick-duration is at least 10 ms");
    }

    /// <inheritdoc />
    public override TimeSpan MonotonicClock => Util.MonotonicClock.Elapsed;

    /// <inheritdoc />
    public override TimeSpan HighResMonotonicClock => Util.MonotonicClock.ElapsedHighRes;

    /// <inheritdoc />
    protected override DateTimeOffset TimeNow => DateTimeOffset.UtcNow;

    /// <summary>Ends the thread; what is not yet due is not done.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (stopped)
                return;
            stopped = true;
            queue.Clear();
        }
        earlier.Set();
    }

    /// <inheritdoc />
    protected override void InternalScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable)
        => Add(new Due(cancelable, receiver, message, sender, 0), delay);

    /// <inheritdoc />
    protected override void InternalScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender,
        ICancelable cancelable)
        => Add(new Due(cancelable, receiver, message, sender, interval.Ticks), initialDelay);

    /// <inheritdoc />
    protected override void InternalScheduleOnce(TimeSpan delay, Action action, ICancelable cancelable) => Add(new Due(cancelable, null, action, null, 0), delay);

    /// <inheritdoc />
    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable cancelable)
        => Add(new Due(cancelable, null, action, null, interval.Ticks), initialDelay);

    /// <inheritdoc />
    protected override void InternalScheduleOnce(TimeSpan delay, IRunnable action, ICancelable cancelable) => InternalScheduleOnce(delay, action.Run, cancelable);

    /// <inheritdoc />
    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, IRunnable action, ICancelable cancelable)
        => InternalScheduleRepeatedly(initialDelay, interval, action.Run, cancelable);

    private void Add(Due due, TimeSpan delay)
    {
        var at = Util.MonotonicClock.Elapsed.Ticks + delay.Ticks;
        bool first;
        lock (gate)
        {
            if (stopped)
                throw new SchedulerException("cannot enqueue after timer shutdown");
            if (thread is null)
            {
                thread = new Thread(Run) { IsBackground = true, Name = "akka.scheduler" };
                thread.Start();
            }
            if (queue.Count >= sweepAt)
                Sweep();
            first = !queue.TryPeek(out _, out var next) || at < next.At;
            queue.Enqueue(due, (at, number++));
        }
        if (first)
            earlier.Set();
    }

    /// <summary>Takes out what was called off, or a queue of far times would only grow.</summary>
    private void Sweep()
    {
        var left = queue.UnorderedItems.Where(item => item.Element.Cancelable is not { IsCancellationRequested: true }).ToList();
        queue.Clear();
        queue.EnqueueRange(left);
        sweepAt = Math.Max(256, 2 * left.Count);
    }

    private void Run()
    {
        while (true)
        {
            Due due = null;
            var wait = Timeout.InfiniteTimeSpan;
            lock (gate)
            {
                if (stopped)
                    return;
                if (queue.TryPeek(out var next, out var when))
                {
                    var left = when.At - Util.MonotonicClock.Elapsed.Ticks;
                    if (left <= 0)
                    {
                        queue.Dequeue();
                        due = next;
                        if (due.Interval > 0 && due.Cancelable is not { IsCancellationRequested: true })
                            queue.Enqueue(due, (Math.Max(when.At + due.Interval, Util.MonotonicClock.Elapsed.Ticks), number++));
                    }
                    else
                    {
                        // The wait has whole milliseconds; one more, so that it does not end early and spin.
                        wait = TimeSpan.FromMilliseconds(Math.Min(left / TimeSpan.TicksPerMillisecond + 1, 60_000));
                    }
                }
            }
            if (due is not null)
                Do(due);
            else
                earlier.WaitOne(wait);
        }
    }

    private void Do(Due due)
    {
        if (due.Cancelable is { IsCancellationRequested: true })
            return;
        try
        {
            if (due.Receiver is null)
                ((Action)due.Message)();
            else
                due.Receiver.Tell(due.Message, due.Sender);
        }
        catch (Exception e)
        {
            Log?.Error(e, "Error while executing scheduled task {0}", due.Message);
            due.Cancelable?.Cancel();
        }
    }

    /// <summary>A message to send or, without a receiver, an action to call.</summary>
    private sealed record Due(ICancelable Cancelable, ICanTell Receiver, object Message, IActorRef Sender, long Interval);
}
