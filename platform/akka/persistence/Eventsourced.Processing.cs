using Akka.Actor;
using Akka.Dispatch;
using Akka.Event;

namespace Akka.Persistence;

public abstract partial class Eventsourced
{
    private readonly CommandStash commandStash;
    private IStash userStash;
    private Phase phase;
    private bool handlesCommand;
    private bool taskRuns;

    // In the order in which they are gone through; the last two alternate.
    private enum Phase
    {
        WaitingForPermit,
        LoadingSnapshot,
        Replaying,
        Processing,
        Persisting,
    }

    /// <inheritdoc/>
    protected internal override bool AroundReceive(Receive receive, object message)
    {
        if (phase < Phase.Processing)
            RecoverWith(message);
        else if (message is WriteMessageSuccess success)
            HandleSuccess(success);
        else if (message is IJournalResponse answer)
            HandleAnswer(receive, answer);
        else if (message is RecoveryTick)
            return true; // It was in the mailbox when the timer was canceled.
        else if (phase == Phase.Persisting)
            StashCommand(message);
        else
            HandleCommand(receive, message);
        return true;
    }

    /// <summary>Runs a task as part of the handling of a command; no other message is handled until it ends.</summary>
    protected void RunTask(Func<Task> action)
    {
        if (taskRuns)
            throw new NotSupportedException("RunTask calls cannot be nested");
        taskRuns = true;
        ActorTaskScheduler.RunTask(async () =>
        {
            var failed = true;
            try
            {
                await action();
                failed = false;
            }
            finally
            {
                // The command ends with its task: only then are its events sent and other commands let in.
                taskRuns = false;
                if (!handlesCommand)
                    AfterCommand(failed);
            }
        });
    }

    private void HandleCommand(Receive receive, object message)
    {
        var failed = true;
        handlesCommand = true;
        try
        {
            base.AroundReceive(receive, message);
            failed = false;
        }
        finally
        {
            handlesCommand = false;
            AfterCommand(failed);
        }
    }

    private void AfterCommand(bool failed)
    {
        Flush();
        if (!taskRuns)
            Settle(failed);
    }

    // Decides whether commands are let in. One stashed command at a time goes back to the front of the mailbox: it may persist again.
    private void Settle(bool failed)
    {
        if (pendingStashing > 0)
        {
            phase = Phase.Persisting;
            return;
        }

        phase = Phase.Processing;
        if (failed)
            commandStash.UnstashAll();
        else
            commandStash.Unstash();
    }

    // An answer of another incarnation belongs to events of which this one has heard in recovery.
    private void HandleAnswer(Receive receive, IJournalResponse answer)
    {
        switch (answer)
        {
            case LoopMessageSuccess success when success.ActorInstanceId == instanceId:
                HandlePersisted(success.Message);
                break;
            case WriteMessageRejected rejected when rejected.ActorInstanceId == instanceId:
                SawSequenceNr(rejected.Persistent.SequenceNr);
                TakePending();
                Settle(failed: false);
                OnPersistRejected(rejected.Cause, rejected.Persistent.Payload, rejected.Persistent.SequenceNr);
                break;
            case WriteMessageFailure failure when failure.ActorInstanceId == instanceId:
                TakePending();
                try
                {
                    OnPersistFailure(failure.Cause, failure.Persistent.Payload, failure.Persistent.SequenceNr);
                }
                finally
                {
                    Context.Stop(Self);
                }

                break;
            case WriteMessagesSuccessful:
                writing = false;
                Flush();
                break;
            case WriteMessagesFailed { WriteCount: 0 }:
                writing = false;
                break;
            case LoopMessageSuccess or WriteMessageRejected or WriteMessageFailure or WriteMessagesFailed
                or ReplayedMessage or RecoverySuccess or ReplayMessagesFailure:
                break;
            default:
                HandleCommand(receive, answer);
                break;
        }
    }

    private void HandleSuccess(WriteMessageSuccess success)
    {
        if (success.ActorInstanceId != instanceId)
            return;
        SawSequenceNr(success.Persistent.SequenceNr);
        HandlePersisted(success.Persistent.Payload);
    }

    private void HandlePersisted(object @event)
    {
        var failed = true;
        var handler = pending.Peek();
        try
        {
            handler.Handle(@event);
            failed = false;
        }
        finally
        {
            // Only now: what the handler persists or defers comes after it.
            TakePending();
            Flush();
            Settle(failed);
        }
    }

    private void TakePending()
    {
        if (pending.Dequeue().Stashing)
            pendingStashing--;
    }

    // One batch at a time; what comes meanwhile goes together in the next.
    private void Flush()
    {
        if (writing || batch.Count == 0)
            return;
        var envelopes = batch.ToArray();
        batch.Clear();
        writing = true;
        Journal.Tell(new WriteMessages(envelopes, Self, instanceId));
    }

    private void SawSequenceNr(long number) => LastSequenceNr = Math.Max(LastSequenceNr, number);

    private void StashCommand(object message)
    {
        try
        {
            commandStash.Stash();
        }
        catch (StashOverflowException)
        {
            switch (InternalStashOverflowStrategy)
            {
                case DiscardToDeadLetterStrategy:
                    Context.System.DeadLetters.Tell(new DeadLetter(message, Sender, Self), Sender);
                    break;
                case ReplyToStrategy reply:
                    Sender.Tell(reply.Response);
                    break;
                default:
                    throw;
            }
        }
    }

    /// <summary>The actor's own stash. What is unstashed takes its place in front of the commands that wait for the journal.</summary>
    private sealed class UserStash(IStash own, CommandStash commands) : IStash
    {
        public int Count => own.Count;

        public bool IsEmpty => own.IsEmpty;

        public bool NonEmpty => own.NonEmpty;

        public bool IsFull => own.IsFull;

        public int Capacity => own.Capacity;

        public void Stash() => own.Stash();

        public void Unstash() => own.Unstash();

        public void UnstashAll() => commands.Prepend(own.ClearStash());

        public void UnstashAll(Func<Envelope, bool> predicate) => own.UnstashAll(predicate);

        public IEnumerable<Envelope> ClearStash() => own.ClearStash();

        public void Prepend(IEnumerable<Envelope> envelopes) => own.Prepend(envelopes);
    }
}
