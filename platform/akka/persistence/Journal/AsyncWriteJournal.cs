using System.Collections.Immutable;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.Pattern;

namespace Akka.Persistence.Journal;

/// <summary>How events are read back.</summary>
public interface IAsyncRecovery
{
    /// <summary>Calls back for the events of a persistence id with sequence numbers in the inclusive range, in order, for at most
    /// <paramref name="max"/>.</summary>
    Task ReplayMessagesAsync(
        IActorContext context, string persistenceId, long fromSequenceNr, long toSequenceNr, long max, Action<IPersistentRepresentation> recoveryCallback);

    /// <summary>The highest sequence number that was ever written under a persistence id, whether or not its event is deleted; 0 if none
    /// was.</summary>
    /// <param name="persistenceId">Whose.</param>
    /// <param name="fromSequenceNr">A hint: the number is not lower.</param>
    /// <param name="cancellationToken">Canceled where nobody waits any more.</param>
    Task<long> ReadHighestSequenceNrAsync(string persistenceId, long fromSequenceNr, CancellationToken cancellationToken);
}

/// <summary>A journal as an actor; what it is kept in, subclasses say.</summary>
/// <remarks>Calls to the store are made one after the other, behind a circuit breaker; they may end in any order.</remarks>
public abstract class AsyncWriteJournal : WriteJournalBase, IAsyncRecovery
{
    private readonly CircuitBreaker breaker;
    private readonly ReplayFilterSettings filter;
    private readonly ILoggingAdapter log;

    /// <summary>Reads the configuration of the plugin that it is.</summary>
    /// <exception cref="ConfigurationException">The mode of the replay filter is unknown.</exception>
    protected AsyncWriteJournal()
    {
        var config = Persistence.Instance.Apply(Context.System).ConfigFor(Self);
        breaker = PluginBreaker.Create(Context.System, config);
        filter = ReplayFilterSettings.From(config.GetConfig("replay-filter"));
        log = Context.GetLogger();
    }

    /// <inheritdoc/>
    public abstract Task ReplayMessagesAsync(
        IActorContext context, string persistenceId, long fromSequenceNr, long toSequenceNr, long max, Action<IPersistentRepresentation> recoveryCallback);

    /// <inheritdoc/>
    public abstract Task<long> ReadHighestSequenceNrAsync(string persistenceId, long fromSequenceNr, CancellationToken cancellationToken);

    /// <summary>Writes events. Those of one <see cref="AtomicWrite"/> are written all or none.</summary>
    /// <returns>Null if all were written; else one element for each write: null, or why it is rejected, that is, certainly not written.
    /// A failed task means that it is unknown which were written.</returns>
    protected abstract Task<IImmutableList<Exception>> WriteMessagesAsync(IEnumerable<AtomicWrite> messages, CancellationToken cancellationToken);

    /// <summary>Deletes the events of a persistence id up to a sequence number, inclusive.</summary>
    protected abstract Task DeleteMessagesToAsync(string persistenceId, long toSequenceNr, CancellationToken cancellationToken);

    /// <summary>Handles messages that are not the journal's; false where it does not know one.</summary>
    protected virtual bool ReceivePluginInternal(object message) => false;

    /// <inheritdoc/>
    protected sealed override bool Receive(object message) => ReceiveWriteJournal(message) || ReceivePluginInternal(message);

    /// <summary>Handles the journal's messages; false where it is none of them.</summary>
    protected bool ReceiveWriteJournal(object message)
    {
        switch (message)
        {
            case WriteMessages request:
                Write(request);
                return true;
            case ReplayMessages request:
                _ = ReplayAsync(request, Context);
                return true;
            case DeleteMessagesTo request:
                _ = DeleteAsync(request);
                return true;
            default:
                return false;
        }
    }

    /// <summary>The one exception that an aggregate holds, or what was given.</summary>
    protected static Exception TryUnwrapException(Exception e) => PluginBreaker.Unwrap(e);

    private void Write(WriteMessages request)
    {
        var envelopes = request.Messages as IPersistentEnvelope[] ?? [.. request.Messages];
        var count = 0;
        foreach (var envelope in envelopes)
            count += envelope is AtomicWrite ? 1 : 0;
        var written = count == 0 ? Task.FromResult<IImmutableList<Exception>>(null) : WriteAsync(envelopes, count);
        var self = Self;
        if (written.IsCompleted)
            Answer(request, envelopes, count, written, self);
        else
            written.ContinueWith(done => Answer(request, envelopes, count, done, self), CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private Task<IImmutableList<Exception>> WriteAsync(IPersistentEnvelope[] envelopes, int count)
    {
        var writes = new AtomicWrite[count];
        try
        {
            var next = 0;
            foreach (var envelope in envelopes)
            {
                if (envelope is AtomicWrite write)
                    writes[next++] = Prepare(write);
            }
        }
        catch (Exception unfit)
        {
            return Task.FromResult<IImmutableList<Exception>>([.. Enumerable.Repeat(unfit, count)]);
        }

        try
        {
            return breaker.WithCircuitBreaker(canceled => WriteMessagesAsync(writes, canceled));
        }
        catch (Exception failure)
        {
            return Task.FromException<IImmutableList<Exception>>(failure);
        }
    }

    // The answers go straight to the actor: it asks for the next batch only after this one, so they need no order among batches.
    private static void Answer(WriteMessages request, IPersistentEnvelope[] envelopes, int count, Task<IImmutableList<Exception>> written,
        IActorRef self)
    {
        var target = request.PersistentActor;
        var instance = request.ActorInstanceId;
        var rejections = written.IsCompletedSuccessfully ? written.Result : null;
        var failure = written.IsCompletedSuccessfully
            ? rejections is not null && rejections.Count != count
                ? new IllegalActorStateException($"WriteMessagesAsync returned {rejections.Count} results for {count} atomic writes.")
                : null
            : PluginBreaker.Cause(written);
        target.Tell(failure is null ? WriteMessagesSuccessful.Instance : new WriteMessagesFailed(failure, count), self);
        var next = 0;
        foreach (var envelope in envelopes)
        {
            if (envelope is not AtomicWrite write)
            {
                target.Tell(new LoopMessageSuccess(envelope.Payload, instance), envelope.Sender);
                continue;
            }

            var rejection = failure is null ? rejections?[next++] : null;
            for (var index = 0; index < write.Size; index++)
            {
                var @event = write[index];
                target.Tell(
                    failure is not null ? new WriteMessageFailure(@event, failure, instance)
                    : rejection is not null ? new WriteMessageRejected(@event, rejection, instance)
                    : new WriteMessageSuccess(@event, instance),
                    write.CommandSender ?? @event.Sender);
            }
        }
    }

    private async Task ReplayAsync(ReplayMessages request, IActorContext context)
    {
        try
        {
            var from = Math.Max(0, request.FromSequenceNr - 1);
            var highest = await breaker.WithCircuitBreaker(canceled => ReadHighestSequenceNrAsync(request.PersistenceId, from, canceled)).ConfigureAwait(false);
            var to = Math.Min(request.ToSequenceNr, highest);
            if (request.FromSequenceNr <= to)
            {
                var events = new ReplayFilter(filter, request.PersistentActor, log);
                await ReplayMessagesAsync(context, request.PersistenceId, request.FromSequenceNr, to, request.Max, events.Add)
                    .ConfigureAwait(false);
                events.Flush();
            }

            request.PersistentActor.Tell(new RecoverySuccess(highest), ActorRefs.NoSender);
        }
        catch (Exception failure)
        {
            request.PersistentActor.Tell(new ReplayMessagesFailure(TryUnwrapException(failure)), ActorRefs.NoSender);
        }
    }

    private async Task DeleteAsync(DeleteMessagesTo request)
    {
        object answer;
        var self = Self;
        try
        {
            await breaker.WithCircuitBreaker(canceled => DeleteMessagesToAsync(request.PersistenceId, request.ToSequenceNr, canceled)).ConfigureAwait(false);
            answer = new DeleteMessagesSuccess(request.ToSequenceNr);
        }
        catch (Exception failure)
        {
            answer = new DeleteMessagesFailure(TryUnwrapException(failure), request.ToSequenceNr);
        }

        request.PersistentActor.Tell(answer, self);
    }
}
