using ActorTrain.Actors.Tracing;
using Akka.Actor;

namespace ActorTrain.Actors.Faults;

/// <summary>An actor that can be broken on purpose: all of ours are.</summary>
/// <param name="faults">What breaks it; null in a run that is not under test.</param>
public abstract class BreakableActor(IFaultInjector? faults) : ReceiveActor
{
    private readonly MessageTrace trace = MessageTrace.Of(Context.System);

    /// <inheritdoc/>
    protected override bool AroundReceive(Receive receive, object message) =>
        trace.IsRecording ? trace.Around(Self.Path.Name, message, () => Meet(receive, message)) : Meet(receive, message);

    private bool Meet(Receive receive, object message)
    {
        var name = Self.Path.Name;

        // A timer's message comes in a wrapping that tells it from one of an earlier timer.
        switch (faults?.Choose(name, message is IWrappedMessage { Message: var timed } ? timed : message) ?? Fault.None)
        {
            case Fault.Throw:
                throw new InjectedFaultException($"Injected failure of {name} before handling {message.GetType().Name}.");
            case Fault.ThrowAfter:
                base.AroundReceive(receive, message);
                throw new InjectedFaultException($"Injected failure of {name} after handling {message.GetType().Name}.");
            case Fault.Drop:
                return true;
            case Fault.Duplicate:
                base.AroundReceive(receive, message);
                return base.AroundReceive(receive, message);
            case Fault.Defer:
                Self.Tell(message, Sender);
                return true;
            case Fault.Hang:
                faults!.Hang(name);
                return base.AroundReceive(receive, message);
            default:
                return base.AroundReceive(receive, message);
        }
    }
}
