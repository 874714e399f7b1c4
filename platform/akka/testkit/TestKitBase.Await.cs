using System.Runtime.ExceptionServices;
using Akka.TestKit.Internal;

namespace Akka.TestKit;

public abstract partial class TestKitBase
{
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Repeats an assertion until it no longer throws; after <paramref name="duration"/> its last exception is the failure.</summary>
    /// <param name="assertion">The assertion.</param>
    /// <param name="duration">How long to go on, dilated; by default <see cref="RemainingOrDefault"/>.</param>
    /// <param name="interval">The pause between attempts; by default 100 ms.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public void AwaitAssert(
        Action assertion, TimeSpan? duration = null, TimeSpan? interval = null, CancellationToken cancellationToken = default)
    {
        ExceptionDispatchInfo? failure = null;
        var passed = Poll(
            () => Attempt(assertion, out failure), RemainingOrDilated(duration), interval ?? DefaultInterval, cancellationToken);
        if (!passed)
            failure!.Throw();
    }

    /// <inheritdoc cref="AwaitAssert(Action, TimeSpan?, TimeSpan?, CancellationToken)"/>
    public Task AwaitAssertAsync(
        Action assertion, TimeSpan? duration = null, TimeSpan? interval = null, CancellationToken cancellationToken = default) =>
        AwaitAssertAsync(() => { assertion(); return Task.CompletedTask; }, duration, interval, cancellationToken);

    /// <inheritdoc cref="AwaitAssert(Action, TimeSpan?, TimeSpan?, CancellationToken)"/>
    public async Task AwaitAssertAsync(
        Func<Task> assertion, TimeSpan? duration = null, TimeSpan? interval = null, CancellationToken cancellationToken = default)
    {
        ExceptionDispatchInfo? failure = null;
        var passed = await PollAsync(
            async () =>
            {
                try
                {
                    await assertion();
                    return true;
                }
                catch (Exception exception)
                {
                    failure = ExceptionDispatchInfo.Capture(exception);
                    return false;
                }
            },
            RemainingOrDilated(duration),
            interval ?? DefaultInterval,
            cancellationToken);
        if (!passed)
            failure!.Throw();
    }

    /// <summary>Waits until a condition holds, looking ten times within <see cref="RemainingOrDefault"/>.</summary>
    public void AwaitCondition(Func<bool> conditionIsFulfilled, CancellationToken cancellationToken = default) =>
        AwaitCondition(conditionIsFulfilled, null, cancellationToken);

    /// <inheritdoc cref="AwaitCondition(Func{bool}, CancellationToken)"/>
    public Task AwaitConditionAsync(Func<Task<bool>> conditionIsFulfilled, CancellationToken cancellationToken = default) =>
        AwaitConditionAsync(conditionIsFulfilled, null, cancellationToken);

    /// <summary>Waits until a condition holds, looking ten times within <paramref name="max"/>.</summary>
    public void AwaitCondition(Func<bool> conditionIsFulfilled, TimeSpan? max, CancellationToken cancellationToken = default) =>
        AwaitCondition(conditionIsFulfilled, max, RemainingOrDilated(max) / 10, null, cancellationToken);

    /// <inheritdoc cref="AwaitCondition(Func{bool}, TimeSpan?, CancellationToken)"/>
    public Task AwaitConditionAsync(
        Func<Task<bool>> conditionIsFulfilled, TimeSpan? max, CancellationToken cancellationToken = default) =>
        AwaitConditionAsync(conditionIsFulfilled, max, RemainingOrDilated(max) / 10, null, cancellationToken);

    /// <summary>Waits until a condition holds, looking ten times within <paramref name="max"/>, and fails with a message.</summary>
    public void AwaitCondition(
        Func<bool> conditionIsFulfilled, TimeSpan? max, string message, CancellationToken cancellationToken = default) =>
        AwaitCondition(conditionIsFulfilled, max, RemainingOrDilated(max) / 10, message, cancellationToken);

    /// <inheritdoc cref="AwaitCondition(Func{bool}, TimeSpan?, string, CancellationToken)"/>
    public Task AwaitConditionAsync(
        Func<Task<bool>> conditionIsFulfilled, TimeSpan? max, string message, CancellationToken cancellationToken = default) =>
        AwaitConditionAsync(conditionIsFulfilled, max, RemainingOrDilated(max) / 10, message, cancellationToken);

    /// <summary>Waits until a condition holds, looking again after each <paramref name="interval"/>.</summary>
    public void AwaitCondition(
        Func<bool> conditionIsFulfilled, TimeSpan? max, TimeSpan? interval, string? message = null,
        CancellationToken cancellationToken = default)
    {
        var limit = RemainingOrDilated(max);
        if (!Poll(conditionIsFulfilled, limit, interval, cancellationToken))
            assertions.Fail("Timeout {0} expired. {1}", limit, message ?? "");
    }

    /// <inheritdoc cref="AwaitCondition(Func{bool}, TimeSpan?, TimeSpan?, string, CancellationToken)"/>
    public async Task AwaitConditionAsync(
        Func<Task<bool>> conditionIsFulfilled, TimeSpan? max, TimeSpan? interval, string? message = null,
        CancellationToken cancellationToken = default)
    {
        var limit = RemainingOrDilated(max);
        if (!await PollAsync(conditionIsFulfilled, limit, interval, cancellationToken))
            assertions.Fail("Timeout {0} expired. {1}", limit, message ?? "");
    }

    /// <summary>Waits until a condition holds and says whether it came to that; nothing is dilated.</summary>
    public bool AwaitConditionNoThrow(
        Func<bool> conditionIsFulfilled, TimeSpan max, TimeSpan? interval = null, CancellationToken cancellationToken = default) =>
        Poll(conditionIsFulfilled, max, interval ?? DefaultInterval, cancellationToken);

    /// <inheritdoc cref="AwaitConditionNoThrow(Func{bool}, TimeSpan, TimeSpan?, CancellationToken)"/>
    public Task<bool> AwaitConditionNoThrowAsync(
        Func<Task<bool>> conditionIsFulfilled, TimeSpan max, TimeSpan? interval = null, CancellationToken cancellationToken = default) =>
        PollAsync(conditionIsFulfilled, max, interval ?? DefaultInterval, cancellationToken);

    private static bool Attempt(Action assertion, out ExceptionDispatchInfo? failure)
    {
        try
        {
            assertion();
            failure = null;
            return true;
        }
        catch (Exception exception)
        {
            failure = ExceptionDispatchInfo.Capture(exception);
            return false;
        }
    }

    private static bool Poll(Func<bool> holds, TimeSpan max, TimeSpan? interval, CancellationToken cancellationToken)
    {
        max.EnsureIsPositiveFinite(nameof(max));
        var stop = Now + max;
        while (!holds())
        {
            var left = stop - Now;
            if (left <= TimeSpan.Zero)
                return false;

            cancellationToken.WaitHandle.WaitOne(left.AtMost(interval));
            cancellationToken.ThrowIfCancellationRequested();
        }

        return true;
    }

    // Without ConfigureAwait(false): the condition runs where the test runs, so that what it tells has the test actor as sender.
    private static async Task<bool> PollAsync(
        Func<Task<bool>> holds, TimeSpan max, TimeSpan? interval, CancellationToken cancellationToken)
    {
        max.EnsureIsPositiveFinite(nameof(max));
        var stop = Now + max;
        while (!await holds())
        {
            var left = stop - Now;
            if (left <= TimeSpan.Zero)
                return false;

            await Task.Delay(left.AtMost(interval), cancellationToken);
        }

        return true;
    }
}
