using Akka.Actor;

namespace Akka.Pattern;

/// <summary>Guards calls that may fail: after too many failures in a row it lets none through for a while, then tries a single one.</summary>
/// <remarks>
/// Closed: calls go through; <see cref="MaxFailures"/> failures in a row open the breaker. An exception is a failure, and so is a call that
/// takes longer than <see cref="CallTimeout"/>. Open: calls fail at once with <see cref="OpenCircuitException"/>, until the reset timeout is
/// over by the scheduler's clock. Half-open: one call goes through and decides; the others fail at once.
/// Each opening that follows a failed trial lasts <see cref="ExponentialBackoffFactor"/> times as long as the one before.
/// </remarks>
public class CircuitBreaker
{
    private readonly Lock gate = new();
    private readonly List<Action> openListeners = [];
    private readonly List<Action> halfOpenListeners = [];
    private readonly List<Action> closeListeners = [];
    private State state;
    private int failures;
    private bool trialIsOut;
    private TimeSpan nextResetTimeout;
    private DateTimeOffset resetAt;

    /// <summary>A closed breaker whose openings all last the same.</summary>
    public CircuitBreaker(IScheduler scheduler, int maxFailures, TimeSpan callTimeout, TimeSpan resetTimeout)
        : this(scheduler, maxFailures, callTimeout, resetTimeout, TimeSpan.FromDays(36500), 1.0)
    {
    }

    /// <summary>A closed breaker whose openings grow longer.</summary>
    public CircuitBreaker(IScheduler scheduler, int maxFailures, TimeSpan callTimeout, TimeSpan resetTimeout, TimeSpan maxResetTimeout, double exponentialBackoffFactor)
        : this(scheduler, maxFailures, callTimeout, resetTimeout, maxResetTimeout, exponentialBackoffFactor, 0.0)
    {
    }

    /// <summary>A closed breaker whose openings grow longer, by a share of chance.</summary>
    /// <param name="scheduler">Whose clock counts the openings.</param>
    /// <param name="maxFailures">Failures in a row that open the breaker.</param>
    /// <param name="callTimeout">How long a call may take.</param>
    /// <param name="resetTimeout">How long the first opening lasts.</param>
    /// <param name="maxResetTimeout">How long an opening lasts at most.</param>
    /// <param name="exponentialBackoffFactor">How much longer each opening is than the last; at least 1.</param>
    /// <param name="randomFactor">The share of chance that is added, between 0 and 1.</param>
    public CircuitBreaker(
        IScheduler scheduler,
        int maxFailures,
        TimeSpan callTimeout,
        TimeSpan resetTimeout,
        TimeSpan maxResetTimeout,
        double exponentialBackoffFactor,
        double randomFactor)
    {
        if (exponentialBackoffFactor < 1.0)
            throw new ArgumentException("factor must be >= 1.0", nameof(exponentialBackoffFactor));
        if (randomFactor is < 0.0 or > 1.0)
            throw new ArgumentException("randomFactor must be between 0.0 and 1.0", nameof(randomFactor));
        Scheduler = scheduler;
        MaxFailures = maxFailures;
        CallTimeout = callTimeout;
        ResetTimeout = resetTimeout;
        MaxResetTimeout = maxResetTimeout;
        ExponentialBackoffFactor = exponentialBackoffFactor;
        RandomFactor = randomFactor;
        nextResetTimeout = resetTimeout;
    }

    private enum State
    {
        Closed,
        Open,
        HalfOpen,
    }

    /// <summary>Whose clock counts the openings.</summary>
    public IScheduler Scheduler { get; }

    /// <summary>Failures in a row that open the breaker.</summary>
    public int MaxFailures { get; }

    /// <summary>How long a call may take.</summary>
    public TimeSpan CallTimeout { get; }

    /// <summary>How long the first opening lasts.</summary>
    public TimeSpan ResetTimeout { get; }

    /// <summary>How long an opening lasts at most.</summary>
    public TimeSpan MaxResetTimeout { get; }

    /// <summary>How much longer each opening is than the last.</summary>
    public double ExponentialBackoffFactor { get; }

    /// <summary>The share of chance that is added to an opening.</summary>
    public double RandomFactor { get; }

    /// <summary>What the last failure was; null after a success.</summary>
    public Exception LastCaughtException { get; private set; }

    /// <summary>Failures in a row so far.</summary>
    public long CurrentFailureCount => Read(() => failures);

    /// <summary>Whether calls go through.</summary>
    public bool IsClosed => Read(() => state) == State.Closed;

    /// <summary>Whether calls fail at once.</summary>
    public bool IsOpen => Read(() => state) == State.Open;

    /// <summary>Whether one call is tried.</summary>
    public bool IsHalfOpen => Read(() => state) == State.HalfOpen;

    /// <summary>A closed breaker whose openings all last the same.</summary>
    public static CircuitBreaker Create(IScheduler scheduler, int maxFailures, TimeSpan callTimeout, TimeSpan resetTimeout)
        => new(scheduler, maxFailures, callTimeout, resetTimeout);

    /// <summary>A closed breaker like this whose openings double.</summary>
    public CircuitBreaker WithExponentialBackoff(TimeSpan maxResetTimeout)
        => new(Scheduler, MaxFailures, CallTimeout, ResetTimeout, maxResetTimeout, 2.0, RandomFactor);

    /// <summary>A closed breaker like this with a share of chance in its openings.</summary>
    public CircuitBreaker WithRandomFactor(double randomFactor)
        => new(Scheduler, MaxFailures, CallTimeout, ResetTimeout, MaxResetTimeout, ExponentialBackoffFactor, randomFactor);

    /// <summary>Calls a function under guard. Its token is cancelled when the call has taken too long.</summary>
    /// <exception cref="OpenCircuitException">The breaker lets no call through.</exception>
    /// <exception cref="TimeoutException">The call took too long.</exception>
    public async Task<T> WithCircuitBreaker<T>(Func<CancellationToken, Task<T>> body)
    {
        var at = Admit();
        using var cancellation = new CancellationTokenSource();
        T result;
        try
        {
            result = await body(cancellation.Token).WaitAsync(CallTimeout).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            await cancellation.CancelAsync().ConfigureAwait(false);
            Failed(at, exception);
            throw;
        }

        Succeeded(at);
        return result;
    }

    /// <inheritdoc cref="WithCircuitBreaker{T}(Func{CancellationToken, Task{T}})"/>
    public Task WithCircuitBreaker(Func<CancellationToken, Task> body)
        => WithCircuitBreaker(async cancellation =>
        {
            await body(cancellation).ConfigureAwait(false);
            return Done.Instance;
        });

    /// <inheritdoc cref="WithCircuitBreaker{T}(Func{CancellationToken, Task{T}})"/>
    public Task<T> WithCircuitBreaker<T, TState>(TState state, Func<TState, CancellationToken, Task<T>> body)
        => WithCircuitBreaker(cancellation => body(state, cancellation));

    /// <inheritdoc cref="WithCircuitBreaker{T}(Func{CancellationToken, Task{T}})"/>
    public Task WithCircuitBreaker<TState>(TState state, Func<TState, CancellationToken, Task> body)
        => WithCircuitBreaker(cancellation => body(state, cancellation));

    /// <summary>Calls an action under guard, on a thread of the pool, and waits for it.</summary>
    public void WithSyncCircuitBreaker(Action body) => WithCircuitBreaker(_ => Task.Run(body, CancellationToken.None)).GetAwaiter().GetResult();

    /// <summary>Calls a function under guard, on a thread of the pool, and waits for it.</summary>
    public T WithSyncCircuitBreaker<T>(Func<T> body) => WithCircuitBreaker(_ => Task.Run(body, CancellationToken.None)).GetAwaiter().GetResult();

    /// <summary>Counts a success of a call that was made outside.</summary>
    public void Succeed() => Succeeded(Read(() => state));

    /// <summary>Counts a failure of a call that was made outside.</summary>
    public void Fail() => Failed(Read(() => state), new UserCalledFailException());

    /// <summary>Calls back on a thread of the pool each time the breaker opens.</summary>
    public CircuitBreaker OnOpen(Action callback) => Listen(openListeners, callback);

    /// <summary>Calls back on a thread of the pool each time the breaker becomes ready for a trial.</summary>
    public CircuitBreaker OnHalfOpen(Action callback) => Listen(halfOpenListeners, callback);

    /// <summary>Calls back on a thread of the pool each time the breaker closes.</summary>
    public CircuitBreaker OnClose(Action callback) => Listen(closeListeners, callback);

    private State Admit()
    {
        lock (gate)
        {
            if (state == State.Open)
            {
                var left = resetAt - Scheduler.Now;
                throw new OpenCircuitException(LastCaughtException, left > TimeSpan.Zero ? left : TimeSpan.Zero);
            }

            if (state == State.HalfOpen && trialIsOut)
                throw new OpenCircuitException(LastCaughtException, TimeSpan.Zero);
            trialIsOut = state == State.HalfOpen;
            return state;
        }
    }

    /// <summary>Judges a call by the state in which it was let through: a late one decides nothing about a state that came since.</summary>
    private void Succeeded(State at)
    {
        lock (gate)
        {
            LastCaughtException = null;
            if (at == State.Closed)
                failures = 0;
            else if (at == State.HalfOpen && state == State.HalfOpen)
                Close();
        }
    }

    private void Failed(State at, Exception cause)
    {
        lock (gate)
        {
            LastCaughtException = cause;
            if ((at == State.Closed && ++failures == MaxFailures && state == State.Closed)
                || (at == State.HalfOpen && state == State.HalfOpen))
                Open();
        }
    }

    private void Open()
    {
        state = State.Open;
        var resetTimeout = nextResetTimeout;
        resetAt = Scheduler.Now + resetTimeout;
        var chance = 1.0 + (Random.Shared.NextDouble() * RandomFactor);
        var longer = resetTimeout.Ticks * ExponentialBackoffFactor * chance;
        nextResetTimeout = longer >= MaxResetTimeout.Ticks ? MaxResetTimeout : TimeSpan.FromTicks((long)longer);
        Scheduler.Advanced.ScheduleOnce(resetTimeout, HalfOpen);
        Notify(openListeners);
    }

    private void HalfOpen()
    {
        lock (gate)
        {
            if (state != State.Open)
                return;
            state = State.HalfOpen;
            trialIsOut = false;
            Notify(halfOpenListeners);
        }
    }

    private void Close()
    {
        state = State.Closed;
        failures = 0;
        nextResetTimeout = ResetTimeout;
        Notify(closeListeners);
    }

    private CircuitBreaker Listen(List<Action> listeners, Action callback)
    {
        lock (gate)
            listeners.Add(callback);
        return this;
    }

    /// <summary>Not on this thread: a listener may call the breaker, or be slow.</summary>
    private static void Notify(List<Action> listeners)
    {
        Action[] callbacks = [.. listeners];
        if (callbacks.Length > 0)
            Task.Run(() => Array.ForEach(callbacks, callback => callback()));
    }

    private T Read<T>(Func<T> value)
    {
        lock (gate)
            return value();
    }
}
