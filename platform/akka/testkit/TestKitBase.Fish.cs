using System.Collections;

namespace Akka.TestKit;

public abstract partial class TestKitBase
{
    /// <summary>Drops messages until one is accepted, and returns that one; fails after <paramref name="max"/>.</summary>
    public object FishForMessage(
        Predicate<object> isMessage, TimeSpan? max = null, string hint = "", CancellationToken cancellationToken = default) =>
        FishForMessage<object>(isMessage, max, hint, cancellationToken);

    /// <inheritdoc cref="FishForMessage(Predicate{object}, TimeSpan?, string, CancellationToken)"/>
    public ValueTask<object> FishForMessageAsync(
        Predicate<object> isMessage, TimeSpan? max = null, string hint = "", CancellationToken cancellationToken = default) =>
        FishForMessageAsync<object>(isMessage, max, hint, cancellationToken);

    /// <summary>Drops messages until one of a type is accepted, and returns that one; fails after <paramref name="max"/>.</summary>
    public T FishForMessage<T>(
        Predicate<T> isMessage, TimeSpan? max = null, string hint = "", CancellationToken cancellationToken = default) =>
        Completed(FishForMessageAsync(isMessage, max, hint, cancellationToken));

    /// <inheritdoc cref="FishForMessage{T}(Predicate{T}, TimeSpan?, string, CancellationToken)"/>
    public ValueTask<T> FishForMessageAsync<T>(
        Predicate<T> isMessage, TimeSpan? max = null, string hint = "", CancellationToken cancellationToken = default) =>
        FishForMessageAsync(isMessage, null, max, hint, cancellationToken);

    /// <summary>Drops messages until one of a type is accepted, and keeps a list of what was dropped.</summary>
    /// <param name="isMessage">Accepts or drops a message.</param>
    /// <param name="allMessages">Cleared and then filled with the dropped messages, where it is not null.</param>
    /// <param name="max">How long at most, dilated; by default <see cref="RemainingOrDefault"/>.</param>
    /// <param name="hint">Said in the failure.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public T FishForMessage<T>(
        Predicate<T> isMessage, ArrayList? allMessages, TimeSpan? max = null, string hint = "",
        CancellationToken cancellationToken = default) =>
        Completed(FishForMessageAsync(isMessage, allMessages, max, hint, cancellationToken));

    /// <inheritdoc cref="FishForMessage{T}(Predicate{T}, ArrayList, TimeSpan?, string, CancellationToken)"/>
    public async ValueTask<T> FishForMessageAsync<T>(
        Predicate<T> isMessage, ArrayList? allMessages, TimeSpan? max = null, string hint = "",
        CancellationToken cancellationToken = default)
    {
        var limit = RemainingOrDilated(max);
        var stop = Now + limit;
        allMessages?.Clear();
        while (true)
        {
            var (success, envelope) = await NextAsync(AtLeastZero(stop - Now), take: true, cancellationToken).ConfigureAwait(false);
            assertions.AssertTrue(
                success, "Timeout ({0}) during fishForMessage{1}", limit, string.IsNullOrEmpty(hint) ? "" : ", hint: " + hint);
            if (envelope.Message is T message && isMessage(message))
                return message;

            allMessages?.Add(envelope.Message);
        }
    }

    /// <summary>Drops messages for <paramref name="max"/> and fails if one of the type is among them.</summary>
    public async Task FishUntilMessageAsync<T>(TimeSpan? max = null, CancellationToken cancellationToken = default)
    {
        await foreach (var message in ReceiveWhileAsync<object>(static _ => true, max, cancellationToken: cancellationToken))
        {
            assertions.AssertFalse(message is T, "did not expect a message of type {0}", typeof(T));
        }
    }

    /// <summary>Drops messages until none has come for <paramref name="max"/>.</summary>
    /// <param name="max">How long a silence must be.</param>
    /// <param name="maxMessages">How many messages may come before that; more are a failure.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The dropped messages.</returns>
    public async Task<ArrayList> WaitForRadioSilenceAsync(
        TimeSpan? max = null, uint? maxMessages = null, CancellationToken cancellationToken = default)
    {
        var messages = new ArrayList();
        while (true)
        {
            assertions.AssertFalse(messages.Count > maxMessages, "more than {0} messages came before silence", maxMessages);
            var (success, envelope) = await NextAsync(max, take: true, cancellationToken).ConfigureAwait(false);
            if (!success)
                return ArrayList.ReadOnly(messages);

            messages.Add(envelope.Message);
        }
    }
}
