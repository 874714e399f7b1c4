using System.Runtime.CompilerServices;
using Akka.TestKit.Internal;

namespace Akka.TestKit;

public abstract partial class TestKitBase
{
    /// <summary>Receives one message and asserts that it equals one of those given.</summary>
    public T ExpectMsgAnyOf<T>(IEnumerable<T> messages, CancellationToken cancellationToken = default) =>
        Completed(ExpectMsgAnyOfAsync(messages, cancellationToken));

    /// <inheritdoc cref="ExpectMsgAnyOf"/>
    public async ValueTask<T> ExpectMsgAnyOfAsync<T>(IEnumerable<T> messages, CancellationToken cancellationToken = default)
    {
        var limit = RemainingOrDefault;
        var (success, envelope) = await NextAsync(AtLeastZero(limit), take: true, cancellationToken).ConfigureAwait(false);
        assertions.AssertTrue(
            success, "Timeout {0} during waiting for ExpectMsgAnyOf waiting for ({1})", limit, string.Join(",", messages));
        assertions.AssertTrue(
            envelope.Message is T candidate && messages.Contains(candidate), "ExpectMsgAnyOf found unexpected {0}", envelope.Message);
        return (T)envelope.Message;
    }

    /// <summary>Receives as many messages as are given and asserts that they are those, in any order.</summary>
    /// <returns>The messages in the order in which they came.</returns>
    public IReadOnlyCollection<T> ExpectMsgAllOf<T>(IReadOnlyCollection<T> messages, CancellationToken cancellationToken = default) =>
        Completed(ListAsync(ExpectMsgAllOfAsync(messages, cancellationToken)));

    /// <inheritdoc cref="ExpectMsgAllOf{T}(IReadOnlyCollection{T}, CancellationToken)"/>
    public IAsyncEnumerable<T> ExpectMsgAllOfAsync<T>(
        IReadOnlyCollection<T> messages, CancellationToken cancellationToken = default) =>
        ExpectAllAsync(RemainingOrDefault, messages, cancellationToken);

    /// <summary>Receives as many messages as are given within <paramref name="max"/>, dilated, and asserts that they are those, in any
    /// order.</summary>
    /// <returns>The messages in the order in which they came.</returns>
    public IReadOnlyCollection<T> ExpectMsgAllOf<T>(
        TimeSpan max, IReadOnlyCollection<T> messages, CancellationToken cancellationToken = default) =>
        Completed(ListAsync(ExpectMsgAllOfAsync(max, messages, cancellationToken)));

    /// <inheritdoc cref="ExpectMsgAllOf{T}(TimeSpan, IReadOnlyCollection{T}, CancellationToken)"/>
    public IAsyncEnumerable<T> ExpectMsgAllOfAsync<T>(
        TimeSpan max, IReadOnlyCollection<T> messages, CancellationToken cancellationToken = default)
    {
        max.EnsureIsPositiveFinite(nameof(max));
        return ExpectAllAsync(Dilated(max), messages, cancellationToken);
    }

    private async IAsyncEnumerable<T> ExpectAllAsync<T>(
        TimeSpan max, IReadOnlyCollection<T> messages, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var missing = messages.ToList();
        var unexpected = new List<object>();
        await foreach (var message in ReceiveManyAsync(messages.Count, max, cancellationToken).ConfigureAwait(false))
        {
            if (message is T typed && missing.Remove(typed))
            {
                yield return typed;
            }
            else
            {
                unexpected.Add(message);
            }
        }

        if (missing.Count > 0)
            assertions.Fail("not found [{0}] found unexpected [{1}]", string.Join(", ", missing), string.Join(", ", unexpected));
    }
}
