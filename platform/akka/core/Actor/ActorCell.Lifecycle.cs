using Akka.Actor.Internal;
using Akka.Dispatch.SysMsg;
using Akka.Event;

namespace Akka.Actor;

/// <summary>Birth, failure, restart and end.</summary>
public sealed partial class ActorCell
{
    private enum Stage
    {
        Running,
        Suspended,
        WaitsForChildren,
    }

    /// <summary>Handles a system message; what cannot be handled in the present stage waits for the next.</summary>
    internal void SystemInvoke(SystemMessage message)
    {
        var before = CurrentStage();
        if (MustWait(message, before))
        {
            (stashedSystemMessages ??= new()).Enqueue(message);
            return;
        }
        Handle(message);
        if (stashedSystemMessages is not { Count: > 0 } || CurrentStage() >= before)
            return;
        var waiting = stashedSystemMessages;
        stashedSystemMessages = null;
        foreach (var next in waiting)
            SystemInvoke(next);
    }

    internal void Restart(Exception cause) => self.Restart(cause);

    private Stage CurrentStage()
        => children is { WaitsToGoOn: true } ? Stage.WaitsForChildren : mailbox.IsSuspended ? Stage.Suspended : Stage.Running;

    private static bool MustWait(SystemMessage message, Stage stage) => stage switch
    {
        Stage.WaitsForChildren => message is Dispatch.SysMsg.Create or Dispatch.SysMsg.Recreate or Dispatch.SysMsg.Suspend or Dispatch.SysMsg.Resume or Failed,
        Stage.Suspended => message is Failed,
        _ => false,
    };

    private void Handle(SystemMessage message)
    {
        try
        {
            switch (message)
            {
                case Create:
                    CreateActor();
                    break;
                case Watch watch:
                    HandleWatch(watch);
                    break;
                case Unwatch unwatch:
                    HandleUnwatch(unwatch);
                    break;
                case DeathWatchNotification death:
                    WatchedActorTerminated(death);
                    break;
                case Terminate:
                    TerminateActor();
                    break;
                case Dispatch.SysMsg.Recreate recreate:
                    Recreate(recreate.Cause);
                    break;
                case Suspend:
                    mailbox.Suspend();
                    SuspendChildren(null);
                    break;
                case Dispatch.SysMsg.Resume resume:
                    Resume(resume.CausedByFailure);
                    break;
                case Failed failed:
                    HandleFailed(failed);
                    break;
                case RunInActor step:
                    step.Run();
                    break;
            }
        }
        catch (Exception cause)
        {
            HandleInvokeFailure(cause, (message as Failed)?.Child);
        }
    }

    private void CreateActor()
    {
        try
        {
            actor = NewActor();
            actor.AroundPreStart();
            ArmReceiveTimeout();
            if (system.Settings.DebugLifecycle)
                Publish(new Debug(self.Path.ToString(), actor.GetType(), $"Started ({actor})"));
        }
        catch (Exception cause)
        {
            ForgetActor();
            throw new ActorInitializationException(self, "Exception during creation", cause);
        }
    }

    private ActorBase NewActor()
    {
        behavior = null;
        behaviorsBelow = null;
        var created = Props.NewActor()
            ?? throw new ActorInitializationException(self, "The producer of the actor gave none.");
        if (!ReferenceEquals(created.Cell, this))
            throw new ActorInitializationException(self, "The producer of the actor gave one that belongs to another cell.");
        created.FinishConstruction();
        ActorExtras.Attach(created, this);
        return created;
    }

    /// <summary>An instance that did not come to life has no PreRestart and no PostStop.</summary>
    private void ForgetActor()
    {
        if (actor is null)
            return;
        ActorExtras.Detach(actor);
        Props.Release(actor);
        actor = null;
    }

    internal void HandleInvokeFailure(Exception cause, IActorRef failedChild = null)
    {
        if (IsFailed)
            return;
        mailbox.Suspend();
        failedBy = failedChild ?? self;
        SuspendChildren(failedChild);
        ParentRef.SendSystemMessage(new Failed(self, cause, self.Path.Uid));
    }

    private void HandleFailed(Failed failed)
    {
        if (children is null || !children.TryGet(failed.Child, out var stats) || stats.Uid != failed.Uid)
        {
            Publish(new Debug(self.Path.ToString(), actor?.GetType() ?? GetType(), $"Dropping Failed({failed.Cause}) from unknown child {failed.Child}"));
            return;
        }
        sender = failed.Child;
        if (actor.SupervisorStrategyInternal.HandleFailure(this, failed.Child, failed.Cause, stats, children.Stats()))
            return;
        global::System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failed.Cause);
    }

    private void Recreate(Exception cause)
    {
        if (actor is null)
        {
            FaultCreate();
            return;
        }
        if (children is { IsDying: true })
        {
            // The end that is under way goes before the restart.
            Resume(null);
            return;
        }
        var failed = actor;
        if (system.Settings.DebugLifecycle)
            Publish(new Debug(self.Path.ToString(), failed.GetType(), "Restarting"));
        try
        {
            failed.AroundPreRestart(cause, currentMessage);
        }
        catch (Exception e)
        {
            var thrown = new PreRestartException(self, e, cause, currentMessage);
            Publish(new Error(thrown, self.Path.ToString(), failed.GetType(), e.Message));
        }
        ActorExtras.Detach(failed);
        if (children is null || !children.AwaitDying(new SuspendReason.Recreation(cause)))
            FinishRecreate(cause);
    }

    private void FinishRecreate(Exception cause)
    {
        try
        {
            mailbox.Resume();
            failedBy = null;
            var failed = actor;
            var message = currentMessage;
            currentMessage = null;
            Props.Release(failed);
            actor = null;
            var survivors = GetChildren();
            actor = NewActor();
            actor.AroundPostRestart(cause, message);
            ArmReceiveTimeout();
            if (system.Settings.DebugLifecycle)
                Publish(new Debug(self.Path.ToString(), actor.GetType(), "Restarted"));
            // Children that PreRestart left alive are restarted with their parent, those that the new instance made are not.
            foreach (var child in survivors)
                ((IInternalActorRef)child).Restart(cause);
        }
        catch (Exception e)
        {
            ForgetActor();
            HandleInvokeFailure(new PostRestartException(self, e, cause));
        }
    }

    /// <summary>Makes anew an actor whose making failed.</summary>
    private void FaultCreate()
    {
        foreach (var child in GetChildren())
            Stop(child);
        if (children is null || !children.AwaitDying(new SuspendReason.Creation()))
            FinishCreate();
    }

    private void FinishCreate()
    {
        mailbox.Resume();
        failedBy = null;
        try
        {
            CreateActor();
        }
        catch (Exception e)
        {
            HandleInvokeFailure(e);
        }
    }

    private void Resume(Exception causedByFailure)
    {
        if (actor is null)
        {
            FaultCreate();
            return;
        }
        mailbox.Resume();
        var perpetrator = failedBy;
        if (causedByFailure is not null)
            failedBy = null;
        foreach (var child in GetChildren())
            ((IInternalActorRef)child).Resume(child.Equals(perpetrator) ? causedByFailure : null);
    }

    private void TerminateActor()
    {
        SetReceiveTimeout(null);
        UnwatchAll();
        foreach (var child in children?.BeginEnd() ?? [])
            ((IInternalActorRef)child).Stop();
        if (children is null or { IsClosed: true })
        {
            FinishTerminate();
        }
        else if (children.EndsWhenEmpty())
        {
            mailbox.Suspend();
            // What fails from here on is of no concern to anybody.
            failedBy = self;
        }
    }

    private void FinishTerminate()
    {
        var ended = actor;
        try
        {
            ended?.AroundPostStop();
        }
        catch (Exception e)
        {
            Publish(new Error(e, self.Path.ToString(), ended.GetType(), e.Message));
        }
        try
        {
            if (ended is not null)
            {
                ActorExtras.Detach(ended);
                Props.Release(ended);
            }
        }
        catch (Exception e)
        {
            Publish(new Error(e, self.Path.ToString(), ended.GetType(), e.Message));
        }
        isTerminated = true;
        StopFunctionRefs();
        children?.Close();
        Dispatcher.Detach(this);
        ParentRef.SendSystemMessage(new DeathWatchNotification(self, existenceConfirmed: true, addressTerminated: false));
        TellWatchers();
        UnwatchAll();
        if (system.Settings.DebugLifecycle)
            Publish(new Debug(self.Path.ToString(), ended?.GetType() ?? GetType(), "Stopped"));
        actor = null;
        behavior = null;
        behaviorsBelow = null;
        currentMessage = null;
        sender = null;
    }
}
