using System.Runtime.CompilerServices;
using Akka.TestKit.Internal;

namespace Akka.TestKit;

public abstract partial class TestKitBase
{
    /// <summary>Takes one message off the queue; null where none comes.</summary>
    /// <param name="max">How long to wait, not dilated; by default <c>akka.test.single-expect-default</c>; zero does not wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public object ReceiveOne(TimeSpan? max = null, CancellationToken cancellationToken = default) =>
        TryReceiveOne(out var envelope, max, cancellationToken) ? envelope.Message : null!;

    /// <inheritdoc cref="ReceiveOne(TimeSpan?, CancellationToken)"/>
    public async ValueTask<object> ReceiveOneAsync(TimeSpan? max = null, CancellationToken cancellationToken = default)
    {
        var (success, envelope) = await TryReceiveOneAsync(max, cancellationToken).ConfigureAwait(false);
        return success ? envelope.Message : null!;
    }

    /// <summary>Takes one message and its sender off the queue.</summary>
    /// <returns>Whether there was one in time.</returns>
    public bool TryReceiveOne(out MessageEnvelope envelope, TimeSpan? max = null, CancellationToken cancellationToken = default)
    {
        (var success, envelope) = Completed(NextAsync(max, take: true, cancellationToken));
        return success;
    }

    /// <inheritdoc cref="TryReceiveOne(out MessageEnvelope, TimeSpan?, CancellationToken)"/>
    public ValueTask<(bool success, MessageEnvelope envelope)> TryReceiveOneAsync(
        TimeSpan? max, CancellationToken cancellationToken = default) =>
        NextAsync(max, take: true, cancellationToken);

    /// <summary>Looks at the next message and leaves it in the queue; null where none comes.</summary>
    public object PeekOne(TimeSpan? max = null, CancellationToken cancellationToken = default) =>
        TryPeekOne(out var envelope, max, cancellationToken) ? envelope.Message : null!;

    /// <inheritdoc cref="PeekOne(TimeSpan?, CancellationToken)"/>
    public async ValueTask<object> PeekOneAsync(TimeSpan? max = null, CancellationToken cancellationToken = default)
    {
        var (success, envelope) = await TryPeekOneAsync(max, cancellationToken).ConfigureAwait(false);
        return success ? envelope.Message : null!;
    }

    /// <summary>Looks at the next message, until cancelled.</summary>
    public object PeekOne(CancellationToken cancellationToken) => PeekOne(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <inheritdoc cref="PeekOne(CancellationToken)"/>
    public ValueTask<object> PeekOneAsync(CancellationToken cancellationToken) => PeekOneAsync(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Looks at the next message and its sender and leaves them in the queue.</summary>
    public bool TryPeekOne(out MessageEnvelope envelope, TimeSpan? max, CancellationToken cancellationToken)
    {
        (var success, envelope) = Completed(NextAsync(max, take: false, cancellationToken));
        return success;
    }

    /// <inheritdoc cref="TryPeekOne(out MessageEnvelope, TimeSpan?, CancellationToken)"/>
    public ValueTask<(bool success, MessageEnvelope envelope)> TryPeekOneAsync(TimeSpan? max, CancellationToken cancellationToken) =>
        NextAsync(max, take: false, cancellationToken);

    /// <summary>Receives messages until the function returns null, <paramref name="max"/> is over, or there are enough.</summary>
    public IReadOnlyList<T> ReceiveWhile<T>(
        TimeSpan? max, Func<object, T?> filter, int msgs = int.MaxValue, CancellationToken cancellationToken = default) =>
        ReceiveWhile(filter, max, null, msgs, cancellationToken);

    /// <inheritdoc cref="ReceiveWhile{T}(TimeSpan?, Func{object, T}, int, CancellationToken)"/>
    public IAsyncEnumerable<T> ReceiveWhileAsync<T>(
        TimeSpan? max, Func<object, T?> filter, int msgs = int.MaxValue, CancellationToken cancellationToken = default) =>
        ReceiveWhileAsync(filter, max, null, msgs, cancellationToken);

    /// <summary>Receives messages until the function returns null, one takes longer than <paramref name="idle"/>, <paramref name="max"/>
    /// is over, or there are enough.</summary>
    public IReadOnlyList<T> ReceiveWhile<T>(
        TimeSpan? max, TimeSpan? idle, Func<object, T?> filter, int msgs = int.MaxValue, CancellationToken cancellationToken = default) =>
        ReceiveWhile(filter, max, idle, msgs, cancellationToken);

    /// <inheritdoc cref="ReceiveWhile{T}(TimeSpan?, TimeSpan?, Func{object, T}, int, CancellationToken)"/>
    public IAsyncEnumerable<T> ReceiveWhileAsync<T>(
        TimeSpan? max, TimeSpan? idle, Func<object, T?> filter, int msgs = int.MaxValue, CancellationToken cancellationToken = default) =>
        ReceiveWhileAsync(filter, max, idle, msgs, cancellationToken);

    /// <summary>Receives messages until the function returns null; the message that it refuses stays in the queue.</summary>
    /// <param name="filter">Turns a message into a result, or refuses it by null.</param>
    /// <param name="max">How long at most, dilated; reaching it is no failure.</param>
    /// <param name="idle">How long to wait for one message; by default as long as there is time.</param>
    /// <param name="msgs">How many at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public IReadOnlyList<T> ReceiveWhile<T>(
        Func<object, T?> filter, TimeSpan? max = null, TimeSpan? idle = null, int msgs = int.MaxValue,
        CancellationToken cancellationToken = default) =>
        Completed(ListAsync(ReceiveWhileAsync(filter, max, idle, msgs, cancellationToken)));

    /// <inheritdoc cref="ReceiveWhile{T}(Func{object, T}, TimeSpan?, TimeSpan?, int, CancellationToken)"/>
    public async IAsyncEnumerable<T> ReceiveWhileAsync<T>(
        Func<object, T?> filter, TimeSpan? max = null, TimeSpan? idle = null, int msgs = int.MaxValue,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var stop = Now + RemainingOrDilated(max);
        MessageEnvelope last = NullMessageEnvelope.Instance;
        for (var count = 0; count < msgs; count++)
        {
            var (success, envelope) = await PeekUntilAsync(stop, idle, cancellationToken).ConfigureAwait(false);
            if (!success || filter(envelope.Message) is not { } result)
                break;

            queue.TryTake(out _);
            last = envelope;
            yield return result;
        }

        lastMessage = last;
        lastWasNoMessage = true;
    }

    /// <summary>Receives messages of a type until the predicate refuses one; the refused message stays in the queue.</summary>
    /// <param name="shouldContinue">Whether to take the message and go on.</param>
    /// <param name="max">How long at most, dilated; reaching it is no failure.</param>
    /// <param name="idle">How long to wait for one message; by default as long as there is time.</param>
    /// <param name="msgs">How many at most.</param>
    /// <param name="shouldIgnoreOtherMessageTypes">Whether a message of another type is dropped, or stops the reception.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public IReadOnlyList<T> ReceiveWhile<T>(
        Predicate<T> shouldContinue, TimeSpan? max = null, TimeSpan? idle = null, int msgs = int.MaxValue,
        bool shouldIgnoreOtherMessageTypes = true, CancellationToken cancellationToken = default) =>
        Completed(ListAsync(ReceiveWhileAsync(shouldContinue, max, idle, msgs, shouldIgnoreOtherMessageTypes, cancellationToken)));

    /// <inheritdoc cref="ReceiveWhile{T}(Predicate{T}, TimeSpan?, TimeSpan?, int, bool, CancellationToken)"/>
    public async IAsyncEnumerable<T> ReceiveWhileAsync<T>(
        Predicate<T> shouldContinue, TimeSpan? max = null, TimeSpan? idle = null, int msgs = int.MaxValue,
        bool shouldIgnoreOtherMessageTypes = true, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var stop = Now + RemainingOrDilated(max);
        MessageEnvelope last = NullMessageEnvelope.Instance;
        for (var count = 0; count < msgs;)
        {
            var (success, envelope) = await PeekUntilAsync(stop, idle, cancellationToken).ConfigureAwait(false);
            if (!success || !(envelope.Message is T candidate ? shouldContinue(candidate) : shouldIgnoreOtherMessageTypes))
                break;

            queue.TryTake(out _);
            last = envelope;
            if (envelope.Message is T result)
            {
                count++;
                yield return result;
            }
        }

        lastMessage = last;
        lastWasNoMessage = true;
    }

    /// <summary>Receives a number of messages within <see cref="RemainingOrDefault"/>, or fails.</summary>
    public IReadOnlyCollection<object> ReceiveN(int numberOfMessages, CancellationToken cancellationToken = default) =>
        Completed(ListAsync(ReceiveManyAsync(numberOfMessages, RemainingOrDefault, cancellationToken)));

    /// <inheritdoc cref="ReceiveN(int, CancellationToken)"/>
    public IAsyncEnumerable<object> ReceiveNAsync(int numberOfMessages, CancellationToken cancellationToken = default) =>
        ReceiveManyAsync(numberOfMessages, RemainingOrDefault, cancellationToken);

    /// <summary>Receives a number of messages within <paramref name="max"/>, dilated, or fails.</summary>
    public IReadOnlyCollection<object> ReceiveN(int numberOfMessages, TimeSpan max, CancellationToken cancellationToken = default) =>
        Completed(ListAsync(ReceiveNAsync(numberOfMessages, max, cancellationToken)));

    /// <inheritdoc cref="ReceiveN(int, TimeSpan, CancellationToken)"/>
    public IAsyncEnumerable<object> ReceiveNAsync(int numberOfMessages, TimeSpan max, CancellationToken cancellationToken = default)
    {
        max.EnsureIsPositiveFinite(nameof(max));
        return ReceiveManyAsync(numberOfMessages, Dilated(max), cancellationToken);
    }

    private static async ValueTask<List<T>> ListAsync<T>(IAsyncEnumerable<T> items)
    {
        var list = new List<T>();
        await foreach (var item in items.ConfigureAwait(false))
        {
            list.Add(item);
        }

        return list;
    }

    /// <summary>The synchronous half of the kit: the test's own thread waits, as it would in a debugger.</summary>
    private static T Completed<T>(ValueTask<T> pending) => pending.IsCompleted ? pending.Result : pending.AsTask().GetAwaiter().GetResult();

    private async IAsyncEnumerable<object> ReceiveManyAsync(
        int numberOfMessages, TimeSpan max, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var start = Now;
        for (var received = 0; received < numberOfMessages; received++)
        {
            var left = start + max - Now;
            var (success, envelope) = await NextAsync(AtLeastZero(left), take: true, cancellationToken).ConfigureAwait(false);
            assertions.AssertTrue(
                success, "Timeout ({0}) while expecting {1} messages. Only got {2} after {3}.", max, numberOfMessages, received, Now - start);
            yield return envelope.Message;
        }
    }

    private ValueTask<(bool Success, MessageEnvelope Envelope)> PeekUntilAsync(
        TimeSpan stop, TimeSpan? idle, CancellationToken cancellationToken) =>
        NextAsync(AtLeastZero(stop - Now).AtMost(idle), take: false, cancellationToken);

    /// <summary>A deadline that has passed still lets through what is in the queue already, so that a slow machine loses nothing.</summary>
    private static TimeSpan AtLeastZero(TimeSpan duration) => duration > TimeSpan.Zero ? duration : TimeSpan.Zero;

    private async ValueTask<(bool Success, MessageEnvelope Envelope)> NextAsync(
        TimeSpan? max, bool take, CancellationToken cancellationToken)
    {
        var limit = GetTimeoutOrDefault(max);
        if (limit < TimeSpan.Zero && limit != Timeout.InfiniteTimeSpan)
            limit = TimeSpan.Zero;

        MessageEnvelope? next;
        while (!(take ? queue.TryTake(out next) : queue.TryPeek(out next)))
        {
            if (!await queue.WaitAsync(limit, cancellationToken).ConfigureAwait(false))
                break;
        }

        lastWasNoMessage = false;
        lastMessage = next ?? NullMessageEnvelope.Instance;
        return (next is not null, lastMessage);
    }
}
