namespace Akka.Actor;

/// <summary>Something that may be called off.</summary>
public interface ICancelable
{
    /// <summary>Whether it was called off.</summary>
    bool IsCancellationRequested { get; }

    /// <summary>Ends when it is called off.</summary>
    CancellationToken Token { get; }

    /// <summary>Calls it off.</summary>
    void Cancel();

    /// <summary>Calls it off after a time.</summary>
    void CancelAfter(TimeSpan delay);

    /// <summary>Calls it off after a time.</summary>
    void CancelAfter(int millisecondsDelay);

    /// <summary>Calls it off; says whether what throws in a callback comes at once.</summary>
    void Cancel(bool throwOnFirstException);
}

/// <summary>Something that may be called off, by hand or after a time of a scheduler.</summary>
public class Cancelable : ICancelable, IDisposable
{
    private readonly IActionScheduler scheduler;
    private readonly Lock gate = new();
    private CancellationTokenSource source;
    private volatile bool cancelled;

    /// <summary>With a scheduler for <see cref="CancelAfter(TimeSpan)"/>.</summary>
    public Cancelable(IActionScheduler scheduler) => this.scheduler = scheduler;

    /// <summary>Called off after a time.</summary>
    public Cancelable(IActionScheduler scheduler, TimeSpan delay) : this(scheduler) => CancelAfter(delay);

    /// <summary>Called off after a time.</summary>
    public Cancelable(IScheduler scheduler, TimeSpan delay) : this(scheduler.Advanced, delay)
    {
    }

    /// <summary>With a scheduler for <see cref="CancelAfter(TimeSpan)"/>.</summary>
    public Cancelable(IScheduler scheduler) : this(scheduler.Advanced)
    {
    }

    /// <summary>Called off after so many milliseconds.</summary>
    public Cancelable(IScheduler scheduler, int millisecondsDelay) : this(scheduler.Advanced, TimeSpan.FromMilliseconds(millisecondsDelay))
    {
    }

    /// <inheritdoc />
    public bool IsCancellationRequested => cancelled;

    /// <inheritdoc />
    public CancellationToken Token
    {
        get
        {
            lock (gate)
            {
                if (source is null)
                {
                    source = new CancellationTokenSource();
                    if (cancelled)
                        source.Cancel();
                }
                return source.Token;
            }
        }
    }

    /// <inheritdoc />
    public void Cancel() => Cancel(false);

    /// <inheritdoc />
    public void Cancel(bool throwOnFirstException)
    {
        CancellationTokenSource told;
        lock (gate)
        {
            cancelled = true;
            told = source;
        }
        told?.Cancel(throwOnFirstException);
    }

    /// <inheritdoc />
    public void CancelAfter(TimeSpan delay)
    {
        if (delay < TimeSpan.Zero)
            throw new ArgumentOutOfRangeException(nameof(delay), $"The delay must be >=0, it was {delay}");
        scheduler.ScheduleOnce(delay, Cancel);
    }

    /// <inheritdoc />
    public void CancelAfter(int millisecondsDelay) => CancelAfter(TimeSpan.FromMilliseconds(millisecondsDelay));

    /// <summary>Lets go of what the token needs.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Something that was called off already.</summary>
    public static ICancelable CreateCanceled()
    {
        var cancelable = new Cancelable((IActionScheduler)null);
        cancelable.Cancel();
        return cancelable;
    }

    /// <summary>Something that is called off with any of others.</summary>
    public static ICancelable CreateLinkedCancelable(IScheduler scheduler, params ICancelable[] cancelables)
    {
        var linked = new Cancelable(scheduler);
        foreach (var cancelable in cancelables)
            cancelable.Token.Register(static at => ((Cancelable)at).Cancel(), linked);
        return linked;
    }

    /// <summary>Lets go of what the token needs.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            source?.Dispose();
    }
}

/// <summary>What may be asked of something that may be null.</summary>
public static class CancelableExtensions
{
    /// <summary>Calls it off if it is there.</summary>
    public static void CancelIfNotNull(this ICancelable cancelable) => cancelable?.Cancel();
}
