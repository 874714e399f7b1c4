using Akka.TestKit.Internal;

namespace Akka.TestKit;

public abstract partial class TestKitBase
{
    /// <summary>What is left of the innermost <c>Within</c>, or the dilated <c>akka.test.single-expect-default</c> outside of one.</summary>
    public TimeSpan RemainingOrDefault => RemainingOr(Dilated(TestKitSettings.SingleExpectDefault));

    /// <summary>What is left of the innermost <c>Within</c>.</summary>
    /// <exception cref="InvalidOperationException">Outside of one.</exception>
    public TimeSpan Remaining =>
        end is { } until ? until - Now : throw new InvalidOperationException("Remaining may not be called outside of \"within\"");

    /// <summary>The duration, dilated, where one is given; else <see cref="RemainingOrDefault"/>.</summary>
    /// <exception cref="ArgumentException">Where the duration is infinite.</exception>
    public TimeSpan RemainingOrDilated(TimeSpan? duration)
    {
        if (duration is not { } given)
            return RemainingOrDefault;

        if (given.IsInfinite())
            throw new ArgumentException("max duration cannot be infinite", nameof(duration));

        return Dilated(given);
    }

    /// <summary>The duration times <c>akka.test.timefactor</c>.</summary>
    public TimeSpan Dilated(TimeSpan duration) => duration.IsInfinite() ? duration : duration * TestKitSettings.TestTimeFactor;

    /// <summary>The timeout, or <c>akka.test.single-expect-default</c> where there is none.</summary>
    public TimeSpan GetTimeoutOrDefault(TimeSpan? timeout) => timeout ?? TestKitSettings.SingleExpectDefault;

    /// <summary>Runs a block that must not take longer than <paramref name="max"/>.</summary>
    public void Within(TimeSpan max, Action action, TimeSpan? epsilonValue = null, CancellationToken cancellationToken = default) =>
        Within(TimeSpan.Zero, max, action, null, epsilonValue, cancellationToken);

    /// <inheritdoc cref="Within(TimeSpan, Action, TimeSpan?, CancellationToken)"/>
    public Task WithinAsync(
        TimeSpan max, Func<Task> actionAsync, TimeSpan? epsilonValue = null, CancellationToken cancellationToken = default) =>
        WithinAsync(TimeSpan.Zero, max, actionAsync, null, epsilonValue, cancellationToken);

    /// <summary>Runs a block that must take at least <paramref name="min"/> and at most <paramref name="max"/>.</summary>
    public void Within(
        TimeSpan min, TimeSpan max, Action action, string? hint = null, TimeSpan? epsilonValue = null,
        CancellationToken cancellationToken = default) =>
        Within(min, max, () => { action(); return true; }, hint, epsilonValue, cancellationToken);

    /// <inheritdoc cref="Within(TimeSpan, TimeSpan, Action, string, TimeSpan?, CancellationToken)"/>
    public Task WithinAsync(
        TimeSpan min, TimeSpan max, Func<Task> actionAsync, string? hint = null, TimeSpan? epsilonValue = null,
        CancellationToken cancellationToken = default) =>
        WithinAsync(
            min, max, async () => { await actionAsync().ConfigureAwait(false); return true; }, hint, epsilonValue, cancellationToken);

    /// <summary>Runs a function that must not take longer than <paramref name="max"/>.</summary>
    public T Within<T>(TimeSpan max, Func<T> function, TimeSpan? epsilonValue = null, CancellationToken cancellationToken = default) =>
        Within(TimeSpan.Zero, max, function, null, epsilonValue, cancellationToken);

    /// <inheritdoc cref="Within{T}(TimeSpan, Func{T}, TimeSpan?, CancellationToken)"/>
    public Task<T> WithinAsync<T>(
        TimeSpan max, Func<Task<T>> function, TimeSpan? epsilonValue = null, CancellationToken cancellationToken = default) =>
        WithinAsync(TimeSpan.Zero, max, function, null, epsilonValue, cancellationToken);

    /// <summary>Runs a function that must take at least <paramref name="min"/> and at most <paramref name="max"/>.</summary>
    public T Within<T>(
        TimeSpan min, TimeSpan max, Func<T> function, string? hint = null, TimeSpan? epsilonValue = null,
        CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var block = EnterWithin(min, max, hint, epsilonValue);
        T result;
        try
        {
            result = function();
        }
        finally
        {
            end = block.OuterEnd;
        }

        LeaveWithin(block);
        return result;
    }

    /// <inheritdoc cref="Within{T}(TimeSpan, TimeSpan, Func{T}, string, TimeSpan?, CancellationToken)"/>
    public async Task<T> WithinAsync<T>(
        TimeSpan min, TimeSpan max, Func<Task<T>> function, string? hint = null, TimeSpan? epsilonValue = null,
        CancellationToken cancellationToken = default)
    {
        var block = EnterWithin(min, max, hint, epsilonValue);
        T result = default!;
        try
        {
            // A function that does not come back fails the block instead of hanging the test.
            result = await function()
                .WaitAsync(block.Limit + block.Epsilon + TimeSpan.FromSeconds(1), cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException) when (Now - block.Start > block.Limit + block.Epsilon)
        {
            lastWasNoMessage = false;
        }
        finally
        {
            end = block.OuterEnd;
        }

        LeaveWithin(block);
        return result;
    }

    /// <summary>What is left of the innermost <c>Within</c>, or the duration outside of one.</summary>
    protected TimeSpan RemainingOr(TimeSpan duration) => end is { } until ? until - Now : duration;

    private WithinBlock EnterWithin(TimeSpan min, TimeSpan max, string? hint, TimeSpan? epsilon)
    {
        min.EnsureIsPositiveFinite(nameof(min));
        max.EnsureIsPositiveFinite(nameof(max));
        var start = Now;
        var limit = Dilated(max);
        if (end is { } outer)
        {
            var left = outer - start;
            assertions.AssertTrue(left >= min, "Required min time {0} not possible, only {1} left. {2}", min, left, hint ?? "");
            limit = left < limit ? left : limit;
        }

        var block = new WithinBlock(start, min, limit, epsilon ?? TimeSpan.Zero, hint ?? "", end);
        lastWasNoMessage = false;
        end = start + limit;
        return block;
    }

    private void LeaveWithin(WithinBlock block)
    {
        var elapsed = Now - block.Start;
        if (elapsed < block.Min)
            assertions.Fail("Failed: Block took {0}, should have at least been {1}. {2}", elapsed, block.Min, block.Hint);

        // Listening to silence takes its time by nature, so it is no reason to call the block too slow.
        if (!lastWasNoMessage && elapsed > block.Limit + block.Epsilon)
            assertions.Fail("Failed: Block took {0}, exceeding {1}. {2}", elapsed, block.Limit, block.Hint);
    }

    private readonly record struct WithinBlock(
        TimeSpan Start, TimeSpan Min, TimeSpan Limit, TimeSpan Epsilon, string Hint, TimeSpan? OuterEnd);
}
