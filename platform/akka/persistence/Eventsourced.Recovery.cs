using Akka.Actor;

namespace Akka.Persistence;

public abstract partial class Eventsourced
{
    private ICancelable recoveryTimer;
    private TimeSpan recoveryTimeout;
    private bool eventSeen;

    private void RequestPermit() => Extension.RecoveryPermitter.Tell(RequestRecoveryPermit.Instance, Self);

    private void ReturnPermit() => Extension.RecoveryPermitter.Tell(ReturnRecoveryPermit.Instance, Self);

    private void RecoverWith(object message)
    {
        switch (message)
        {
            case RecoveryPermitGranted when phase == Phase.WaitingForPermit:
                LoadSnapshotAndEvents();
                break;
            case LoadSnapshotResult result when phase == Phase.LoadingSnapshot:
                OfferSnapshot(result);
                break;
            case LoadSnapshotFailed failed when phase == Phase.LoadingSnapshot:
                FailRecovery(failed.Cause, null);
                break;
            case ReplayedMessage replayed when phase == Phase.Replaying:
                Replay(replayed.Persistent);
                break;
            case RecoverySuccess success when phase == Phase.Replaying:
                FinishRecovery(success.HighestSequenceNr);
                break;
            case ReplayMessagesFailure failure when phase == Phase.Replaying:
                FailRecovery(failure.Cause, null);
                break;
            case RecoveryTick tick:
                CheckTimeout(tick);
                break;
            case WriteMessageSuccess or WriteMessageRejected or WriteMessageFailure or LoopMessageSuccess or WriteMessagesSuccessful or WriteMessagesFailed:
                break; // The journal's answers to the incarnation before this one.
            default:
                StashCommand(message);
                break;
        }
    }

    private void LoadSnapshotAndEvents()
    {
        phase = Phase.LoadingSnapshot;
        recoveryTimeout = Extension.JournalConfigFor(JournalPluginId).GetTimeSpan("recovery-event-timeout", allowInfinite: false);
        recoveryTimer = Context.System.Scheduler.ScheduleTellOnceCancelable(recoveryTimeout, Self, new RecoveryTick(snapshot: true), Self);
        var recovery = Recovery;
        LoadSnapshot(SnapshotterId, recovery.FromSnapshot, recovery.ToSequenceNr);
    }

    private void OfferSnapshot(LoadSnapshotResult result)
    {
        recoveryTimer.Cancel();
        if (result.Snapshot is { } snapshot)
        {
            var before = LastSequenceNr;
            try
            {
                LastSequenceNr = snapshot.Metadata.SequenceNr;
                var offer = new SnapshotOffer(snapshot.Metadata, snapshot.Snapshot);
                var handled = base.AroundReceive(ReceiveRecover, offer);
                if (!handled)
                    LastSequenceNr = before;
            }
            catch (Exception failure)
            {
                FailRecovery(failure, null);
                return;
            }
        }

        phase = Phase.Replaying;
        recoveryTimer = Context.System.Scheduler.ScheduleTellRepeatedlyCancelable(recoveryTimeout, recoveryTimeout, Self,
            new RecoveryTick(snapshot: false), Self);
        Journal.Tell(new ReplayMessages(LastSequenceNr + 1, result.ToSequenceNr, Recovery.ReplayMax, PersistenceId, Self));
    }

    private void Replay(IPersistentRepresentation @event)
    {
        eventSeen = true;
        SawSequenceNr(@event.SequenceNr);
        try
        {
            base.AroundReceive(ReceiveRecover, @event.Payload);
        }
        catch (Exception failure)
        {
            FailRecovery(failure, @event.Payload);
        }
    }

    private void FinishRecovery(long highestSequenceNr)
    {
        recoveryTimer.Cancel();
        OnReplaySuccess();
        sequenceNr = LastSequenceNr = Math.Max(highestSequenceNr, LastSequenceNr);
        phase = Phase.Processing;
        try
        {
            base.AroundReceive(ReceiveRecover, RecoveryCompleted.Instance);
        }
        finally
        {
            // What the actor persists on completion comes before the commands that wait.
            Flush();
            phase = pendingStashing > 0 ? Phase.Persisting : Phase.Processing;
            if (phase == Phase.Processing)
                commandStash.UnstashAll();
            ReturnPermit();
        }
    }

    private void CheckTimeout(RecoveryTick tick)
    {
        if (phase == Phase.LoadingSnapshot && tick.Snapshot)
            FailRecovery(new RecoveryTimedOutException($"Recovery timed out, didn't get snapshot within {recoveryTimeout.TotalSeconds}s."),
                null);
        else if (phase == Phase.Replaying && !tick.Snapshot && !eventSeen)
            FailRecovery(new RecoveryTimedOutException($"Recovery timed out, didn't get event within {recoveryTimeout.TotalSeconds}s, highest sequence number seen {LastSequenceNr}."), null);
        eventSeen = false;
    }

    private void FailRecovery(Exception cause, object @event)
    {
        recoveryTimer.Cancel();
        try
        {
            OnRecoveryFailure(cause, @event);
        }
        finally
        {
            Context.Stop(Self);
            ReturnPermit();
        }
    }
}
