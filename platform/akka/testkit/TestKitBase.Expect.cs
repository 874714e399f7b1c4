using Akka.Actor;

namespace Akka.TestKit;

public abstract partial class TestKitBase
{
    /// <summary>Receives one message and asserts that it is of a type.</summary>
    /// <param name="duration">How long to wait, dilated; by default <see cref="RemainingOrDefault"/>.</param>
    /// <param name="hint">Said in the failure.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public T ExpectMsg<T>(TimeSpan? duration = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Completed(ExpectMsgAsync<T>(duration, hint, cancellationToken));

    /// <inheritdoc cref="ExpectMsg{T}(TimeSpan?, string, CancellationToken)"/>
    public ValueTask<T> ExpectMsgAsync<T>(TimeSpan? duration = null, string? hint = null, CancellationToken cancellationToken = default) =>
        ExpectAsync<T>(duration, static (_, _) => { }, hint, cancellationToken);

    /// <summary>Receives one message and asserts that it equals another; sequences are compared element by element.</summary>
    public T ExpectMsg<T>(T message, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Completed(ExpectMsgAsync(message, timeout, hint, cancellationToken));

    /// <inheritdoc cref="ExpectMsg{T}(T, TimeSpan?, string, CancellationToken)"/>
    public ValueTask<T> ExpectMsgAsync<T>(
        T message, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        ExpectAsync<T>(timeout, (actual, _) => assertions.AssertEqual(message, actual), hint, cancellationToken);

    /// <summary>Receives one message of a type and asserts that the predicate accepts it.</summary>
    public T ExpectMsg<T>(
        Predicate<T> isMessage, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Completed(ExpectMsgAsync(isMessage, timeout, hint, cancellationToken));

    /// <inheritdoc cref="ExpectMsg{T}(Predicate{T}, TimeSpan?, string, CancellationToken)"/>
    public ValueTask<T> ExpectMsgAsync<T>(
        Predicate<T> isMessage, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        ExpectAsync<T>(timeout, (actual, _) => AssertAccepted(isMessage(actual), actual, hint), hint, cancellationToken);

    /// <summary>Receives one message of a type and makes further assertions on it.</summary>
    public T ExpectMsg<T>(
        Action<T> assert, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Completed(ExpectMsgAsync(assert, timeout, hint, cancellationToken));

    /// <inheritdoc cref="ExpectMsg{T}(Action{T}, TimeSpan?, string, CancellationToken)"/>
    public ValueTask<T> ExpectMsgAsync<T>(
        Action<T> assert, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        ExpectAsync<T>(timeout, (actual, _) => assert(actual), hint, cancellationToken);

    /// <summary>Receives one message of a type and asserts that the function accepts it and its sender.</summary>
    public T ExpectMsg<T>(
        Func<T, IActorRef, bool> isMessageAndSender, TimeSpan? timeout = null, string? hint = null,
        CancellationToken cancellationToken = default) =>
        Completed(ExpectMsgAsync(isMessageAndSender, timeout, hint, cancellationToken));

    /// <inheritdoc cref="ExpectMsg{T}(Func{T, IActorRef, bool}, TimeSpan?, string, CancellationToken)"/>
    public ValueTask<T> ExpectMsgAsync<T>(
        Func<T, IActorRef, bool> isMessageAndSender, TimeSpan? timeout = null, string? hint = null,
        CancellationToken cancellationToken = default) =>
        ExpectAsync<T>(
            timeout, (actual, sender) => AssertAccepted(isMessageAndSender(actual, sender), actual, hint), hint, cancellationToken);

    /// <summary>Receives one message of a type and makes further assertions on it and its sender.</summary>
    public T ExpectMsg<T>(
        Action<T, IActorRef> assertMessageAndSender, TimeSpan? timeout = null, string? hint = null,
        CancellationToken cancellationToken = default) =>
        Completed(ExpectMsgAsync(assertMessageAndSender, timeout, hint, cancellationToken));

    /// <inheritdoc cref="ExpectMsg{T}(Action{T, IActorRef}, TimeSpan?, string, CancellationToken)"/>
    public ValueTask<T> ExpectMsgAsync<T>(
        Action<T, IActorRef> assertMessageAndSender, TimeSpan? timeout = null, string? hint = null,
        CancellationToken cancellationToken = default) =>
        ExpectAsync(timeout, assertMessageAndSender, hint, cancellationToken);

    /// <summary>Receives one message of a type and asserts that the comparer finds it equal to another.</summary>
    public T ExpectMsg<T>(
        T expected, Func<T, T, bool> comparer, TimeSpan? timeout = null, string? hint = null,
        CancellationToken cancellationToken = default) =>
        Completed(ExpectMsgAsync(expected, comparer, timeout, hint, cancellationToken));

    /// <inheritdoc cref="ExpectMsg{T}(T, Func{T, T, bool}, TimeSpan?, string, CancellationToken)"/>
    public ValueTask<T> ExpectMsgAsync<T>(
        T expected, Func<T, T, bool> comparer, TimeSpan? timeout = null, string? hint = null,
        CancellationToken cancellationToken = default) =>
        ExpectAsync<T>(
            timeout, (actual, _) => assertions.AssertEqual(expected, actual, comparer, "{0}", hint ?? ""), hint, cancellationToken);

    /// <summary>Receives one message and asserts that it says that <paramref name="target"/> has stopped.</summary>
    public Terminated ExpectTerminated(
        IActorRef target, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default) =>
        Completed(ExpectTerminatedAsync(target, timeout, hint, cancellationToken));

    /// <inheritdoc cref="ExpectTerminated"/>
    public ValueTask<Terminated> ExpectTerminatedAsync(
        IActorRef target, TimeSpan? timeout = null, string? hint = null, CancellationToken cancellationToken = default)
    {
        var message = $"Terminated {target}. {hint}";
        return ExpectAsync<Terminated>(
            timeout,
            (terminated, _) => assertions.AssertTrue(target.Equals(terminated.ActorRef), "{0} Got {1}", message, terminated.ActorRef),
            message,
            cancellationToken);
    }

    /// <summary>Asserts that no message comes for as long as <c>Within</c> leaves, or for <c>akka.test.expect-no-message-default</c>.</summary>
    public void ExpectNoMsg(CancellationToken cancellationToken = default) =>
        Completed(SilenceAsync(RemainingOr(Dilated(TestKitSettings.ExpectNoMessageDefault)), cancellationToken));

    /// <inheritdoc cref="ExpectNoMsg(CancellationToken)"/>
    public async ValueTask ExpectNoMsgAsync(CancellationToken cancellationToken = default) =>
        await SilenceAsync(RemainingOr(Dilated(TestKitSettings.ExpectNoMessageDefault)), cancellationToken).ConfigureAwait(false);

    /// <summary>Asserts that no message comes for <paramref name="duration"/>, dilated; zero only looks into the queue.</summary>
    public void ExpectNoMsg(TimeSpan duration, CancellationToken cancellationToken = default) =>
        Completed(SilenceAsync(Dilated(duration), cancellationToken));

    /// <inheritdoc cref="ExpectNoMsg(TimeSpan, CancellationToken)"/>
    public async ValueTask ExpectNoMsgAsync(TimeSpan duration, CancellationToken cancellationToken = default) =>
        await SilenceAsync(Dilated(duration), cancellationToken).ConfigureAwait(false);

    /// <summary>Asserts that no message comes for a number of milliseconds, dilated.</summary>
    public void ExpectNoMsg(int milliseconds, CancellationToken cancellationToken = default) =>
        ExpectNoMsg(TimeSpan.FromMilliseconds(milliseconds), cancellationToken);

    /// <inheritdoc cref="ExpectNoMsg(int, CancellationToken)"/>
    public ValueTask ExpectNoMsgAsync(int milliseconds, CancellationToken cancellationToken = default) =>
        ExpectNoMsgAsync(TimeSpan.FromMilliseconds(milliseconds), cancellationToken);

    private async ValueTask<bool> SilenceAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        var start = Now;
        var (heard, envelope) = await NextAsync(duration, take: true, cancellationToken).ConfigureAwait(false);
        if (heard)
            assertions.Fail("Failed: Expected no messages during {0}, instead we received {1} after {2}", duration, envelope, Now - start);

        lastWasNoMessage = true;
        return heard;
    }

    private async ValueTask<T> ExpectAsync<T>(
        TimeSpan? timeout, Action<T, IActorRef> assert, string? hint, CancellationToken cancellationToken)
    {
        var limit = RemainingOrDilated(timeout);
        var (success, envelope) = await NextAsync(AtLeastZero(limit), take: true, cancellationToken).ConfigureAwait(false);
        if (!success)
            assertions.Fail("Failed: Timeout {0} while waiting for a message of type {1} {2}", limit, typeof(T), hint ?? "");

        if (envelope.Message is not T message)
        {
            assertions.Fail(
                "Failed: Expected a message of type {0}, but received {{{2}}} (type {1}) instead {3} from {4}",
                typeof(T), envelope.Message.GetType(), envelope.Message, hint ?? "", envelope.Sender);
            return default!;
        }

        assert(message, envelope.Sender);
        return message;
    }

    private void AssertAccepted<T>(bool accepted, T message, string? hint) =>
        assertions.AssertTrue(
            accepted,
            "Got a message of the expected type <{2}>. Also expected {0} but the message {{{1}}} of type <{3}> did not match",
            hint ?? "the predicate to return true", message, typeof(T).FullName, message!.GetType().FullName);
}
