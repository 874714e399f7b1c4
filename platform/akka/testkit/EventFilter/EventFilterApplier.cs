using Akka.Actor;
using Akka.Event;
using Akka.TestKit.TestEvent;

namespace Akka.TestKit.Internal;

/// <summary>Uses filters on one actor system.</summary>
internal sealed class EventFilterApplier(TestKitBase testKit, ActorSystem system, IReadOnlyList<LogEventFilter> filters)
    : IEventFilterApplier
{
    /// <inheritdoc/>
    public EventFilterFactory And => new(testKit, system, filters);

    /// <inheritdoc/>
    public void ExpectOne(Action action, CancellationToken cancellationToken = default) =>
        Intercept(1, null, Returning(action), cancellationToken);

    /// <inheritdoc/>
    public Task ExpectOneAsync(Func<Task> actionAsync, CancellationToken cancellationToken = default) =>
        InterceptAsync(1, null, Returning(actionAsync), cancellationToken);

    /// <inheritdoc/>
    public void ExpectOne(TimeSpan timeout, Action action, CancellationToken cancellationToken = default) =>
        Intercept(1, timeout, Returning(action), cancellationToken);

    /// <inheritdoc/>
    public Task ExpectOneAsync(TimeSpan timeout, Func<Task> actionAsync, CancellationToken cancellationToken = default) =>
        InterceptAsync(1, timeout, Returning(actionAsync), cancellationToken);

    /// <inheritdoc/>
    public void Expect(int expectedCount, Action action, CancellationToken cancellationToken = default) =>
        Intercept(expectedCount, null, Returning(action), cancellationToken);

    /// <inheritdoc/>
    public Task ExpectAsync(int expectedCount, Func<Task> actionAsync, CancellationToken cancellationToken = default) =>
        InterceptAsync(expectedCount, null, Returning(actionAsync), cancellationToken);

    /// <inheritdoc/>
    public void Expect(int expectedCount, TimeSpan timeout, Action action, CancellationToken cancellationToken = default) =>
        Intercept(expectedCount, timeout, Returning(action), cancellationToken);

    /// <inheritdoc/>
    public Task ExpectAsync(
        int expectedCount, TimeSpan timeout, Func<Task> actionAsync, CancellationToken cancellationToken = default) =>
        InterceptAsync(expectedCount, timeout, Returning(actionAsync), cancellationToken);

    /// <inheritdoc/>
    public T ExpectOne<T>(Func<T> func, CancellationToken cancellationToken = default) => Intercept(1, null, func, cancellationToken);

    /// <inheritdoc/>
    public Task<T> ExpectOneAsync<T>(Func<Task<T>> func, CancellationToken cancellationToken = default) =>
        InterceptAsync(1, null, func, cancellationToken);

    /// <inheritdoc/>
    public T ExpectOne<T>(TimeSpan timeout, Func<T> func, CancellationToken cancellationToken = default) =>
        Intercept(1, timeout, func, cancellationToken);

    /// <inheritdoc/>
    public Task<T> ExpectOneAsync<T>(TimeSpan timeout, Func<Task<T>> func, CancellationToken cancellationToken = default) =>
        InterceptAsync(1, timeout, func, cancellationToken);

    /// <inheritdoc/>
    public T Expect<T>(int expectedCount, Func<T> func, CancellationToken cancellationToken = default) =>
        Intercept(expectedCount, null, func, cancellationToken);

    /// <inheritdoc/>
    public Task<T> ExpectAsync<T>(int expectedCount, Func<Task<T>> func, CancellationToken cancellationToken = default) =>
        InterceptAsync(expectedCount, null, func, cancellationToken);

    /// <inheritdoc/>
    public T Expect<T>(int expectedCount, TimeSpan timeout, Func<T> func, CancellationToken cancellationToken = default) =>
        Intercept(expectedCount, timeout, func, cancellationToken);

    /// <inheritdoc/>
    public Task<T> ExpectAsync<T>(
        int expectedCount, TimeSpan timeout, Func<Task<T>> func, CancellationToken cancellationToken = default) =>
        InterceptAsync(expectedCount, timeout, func, cancellationToken);

    /// <inheritdoc/>
    public T Mute<T>(Func<T> func, CancellationToken cancellationToken = default) => Intercept(null, null, func, cancellationToken);

    /// <inheritdoc/>
    public Task<T> MuteAsync<T>(Func<Task<T>> func, CancellationToken cancellationToken = default) =>
        InterceptAsync(null, null, func, cancellationToken);

    /// <inheritdoc/>
    public void Mute(Action action, CancellationToken cancellationToken = default) =>
        Intercept(null, null, Returning(action), cancellationToken);

    /// <inheritdoc/>
    public Task MuteAsync(Func<Task> action, CancellationToken cancellationToken = default) =>
        InterceptAsync(null, null, Returning(action), cancellationToken);

    /// <inheritdoc/>
    public IUnmutableFilter Mute()
    {
        system.EventStream.Publish(new Mute(filters));
        return new MutedFilters(system, filters);
    }

    private static Func<bool> Returning(Action action) => () =>
    {
        action();
        return true;
    };

    private static Func<Task<bool>> Returning(Func<Task> action) => async () =>
    {
        await action();
        return true;
    };

    /// <summary>The action runs on the thread of the test, before anything is awaited, so that it tells in the test actor's name.</summary>
    private T Intercept<T>(int? expected, TimeSpan? timeout, Func<T> func, CancellationToken cancellationToken) =>
        InterceptAsync(expected, timeout, () => Task.FromResult(func()), cancellationToken).GetAwaiter().GetResult();

    private async Task<T> InterceptAsync<T>(int? expected, TimeSpan? timeout, Func<Task<T>> func, CancellationToken cancellationToken)
    {
        var limit = timeout is { } given ? testKit.Dilated(given) : testKit.RemainingOrDefault;
        var matches = new MatchCount();
        foreach (var filter in filters)
            filter.EventMatched += matches.Add;

        try
        {
            using (Mute())
            {
                var result = await func().ConfigureAwait(false);
                if (expected is { } count)
                {
                    // Of no events, one is waited for in vain.
                    await matches.ReachAsync(Math.Max(count, 1), limit, cancellationToken).ConfigureAwait(false);
                    Verify(count, matches.Count, limit);
                }

                return result;
            }
        }
        finally
        {
            foreach (var filter in filters)
                filter.EventMatched -= matches.Add;
        }
    }

    private void Verify(int expected, int actual, TimeSpan limit)
    {
        var words = string.Join(", ", filters);
        if (actual < expected)
        {
            testKit.Fail(
                $"Timeout ({limit}) while waiting for messages. Only received {actual}/{expected} messages that matched filter [{words}]");
        }
        else if (actual > expected)
        {
            testKit.Fail(
                $"Received {actual - expected} message(s) too many. Expected {expected} but received {actual} that matched filter [{words}]");
        }
    }

    private sealed class MutedFilters(ActorSystem system, IReadOnlyCollection<IEventFilter> filters) : IUnmutableFilter
    {
        public void Unmute() => system.EventStream.Publish(new Unmute(filters));

        public void Dispose() => Unmute();
    }

    /// <summary>Counts events as they come, on the thread of the logger.</summary>
    private sealed class MatchCount
    {
        private readonly Lock gate = new();
        private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int count;
        private int awaited = int.MaxValue;

        internal int Count
        {
            get
            {
                lock (gate)
                {
                    return count;
                }
            }
        }

        internal void Add(LogEvent logEvent)
        {
            lock (gate)
            {
                count++;
                Announce();
            }
        }

        internal async Task ReachAsync(int target, TimeSpan limit, CancellationToken cancellationToken)
        {
            lock (gate)
            {
                awaited = target;
                Announce();
            }

            try
            {
                await reached.Task.WaitAsync(limit > TimeSpan.Zero ? limit : TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // What has come until now is judged by the caller.
            }
        }

        private void Announce()
        {
            if (count >= awaited)
                reached.TrySetResult();
        }
    }
}
