using Akka.Actor;
using Akka.Event;

namespace Akka.Pattern;

/// <summary>Supervises one child: where its strategy says restart, the child is stopped and started again after a pause.</summary>
internal sealed class BackoffOnRestartSupervisor(
    Props childProps,
    string childName,
    TimeSpan minBackoff,
    TimeSpan maxBackoff,
    IBackoffReset reset,
    double randomFactor,
    OneForOneStrategy strategy,
    object replyWhileStopped,
    Func<object, bool> finalStopMessage)
    : BackoffSupervisorBase(childProps, childName, reset, replyWhileStopped, finalStopMessage)
{
    private IActorRef failedChild;

    protected override SupervisorStrategy SupervisorStrategy()
        => new OneForOneStrategy(strategy.MaxNumberOfRetries, strategy.WithinTimeRangeMilliseconds, Decide);

    protected override bool Receive(object message)
    {
        switch (message)
        {
            case Terminated terminated when failedChild is not null && terminated.ActorRef.Equals(failedChild):
                failedChild = null;
                Child = null;
                var delay = BackoffSupervisor.CalculateDelay(RestartCountN, minBackoff, maxBackoff, randomFactor);
                Context.System.Scheduler.ScheduleTellOnce(delay, Self, BackoffSupervisor.StartChild.Instance, Self);
                RestartCountN++;
                return true;
            case Terminated terminated when terminated.ActorRef.Equals(Child):
                Log.Debug("Terminating, because child [{0}] terminated itself", Child);
                Context.Stop(Self);
                return true;
            case BackoffSupervisor.StartChild when failedChild is not null:
                // Another start is scheduled once this child has stopped.
                return true;
            default:
                return HandleBackoff(message);
        }
    }

    private Directive Decide(Exception cause)
    {
        var directive = strategy.Decider.Decide(cause);
        if (directive != Directive.Restart)
            return directive;

        if (strategy.WithinTimeRangeMilliseconds > 0 && RestartCountN == 0)
        {
            Context.System.Scheduler.ScheduleTellOnce(
                TimeSpan.FromMilliseconds(strategy.WithinTimeRangeMilliseconds), Self, new BackoffSupervisor.ResetRestartCount(RestartCountN), Self);
        }

        var next = RestartCountN + 1;
        if (strategy.MaxNumberOfRetries >= 0 && next > strategy.MaxNumberOfRetries)
        {
            Log.Debug("Terminating on restart #{0} which exceeds max allowed restarts ({1})", next, strategy.MaxNumberOfRetries);
            Context.Stop(Self);
        }
        else
        {
            failedChild = Child;
        }

        return Directive.Stop;
    }
}
