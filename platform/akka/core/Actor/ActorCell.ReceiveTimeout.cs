namespace Akka.Actor;

/// <summary>The message that comes when none comes.</summary>
public sealed partial class ActorCell
{
    private TimeSpan? receiveTimeout;
    private ICancelable pendingReceiveTimeout;

    /// <inheritdoc />
    public TimeSpan? ReceiveTimeout => receiveTimeout;

    /// <inheritdoc />
    public void SetReceiveTimeout(TimeSpan? timeout)
    {
        receiveTimeout = timeout is { } time && time > TimeSpan.Zero ? timeout : null;
        if (receiveTimeout is null)
            CancelReceiveTimeout();
    }

    /// <summary>Starts the time anew after a message that counts; where the handler set the first one, starts it.</summary>
    private void TouchReceiveTimeout(bool counts)
    {
        if (counts || pendingReceiveTimeout is null)
            ArmReceiveTimeout();
    }

    private void ArmReceiveTimeout()
    {
        CancelReceiveTimeout();
        if (receiveTimeout is not { } time)
            return;
        pendingReceiveTimeout = new Cancelable(system.Scheduler.Advanced);
        system.Scheduler.ScheduleTellOnce(time, self, Akka.Actor.ReceiveTimeout.Instance, self, pendingReceiveTimeout);
    }

    private void CancelReceiveTimeout()
    {
        pendingReceiveTimeout?.Cancel(false);
        pendingReceiveTimeout = null;
    }
}
