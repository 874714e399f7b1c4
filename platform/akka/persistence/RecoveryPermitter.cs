using Akka.Actor;

namespace Akka.Persistence;

/// <summary>Asks for leave to recover.</summary>
internal sealed class RequestRecoveryPermit
{
    public static RequestRecoveryPermit Instance { get; } = new();
}

/// <summary>Gives leave to recover.</summary>
internal sealed class RecoveryPermitGranted
{
    public static RecoveryPermitGranted Instance { get; } = new();
}

/// <summary>Says that recovery has ended.</summary>
internal sealed class ReturnRecoveryPermit
{
    public static ReturnRecoveryPermit Instance { get; } = new();
}

/// <summary>Lets a bounded number of actors recover at a time, so that a journal is not flooded when many start at once.</summary>
internal sealed class RecoveryPermitter : ActorBase
{
    private readonly int limit;
    private readonly LinkedList<IActorRef> waiting = new();
    private readonly HashSet<IActorRef> recovering = [];

    public RecoveryPermitter(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        this.limit = limit;
    }

    protected override bool Receive(object message)
    {
        switch (message)
        {
            case RequestRecoveryPermit:
                Context.Watch(Sender);
                waiting.AddLast(Sender);
                break;
            case ReturnRecoveryPermit:
                Leave(Sender);
                break;
            case Terminated terminated:
                waiting.Remove(terminated.ActorRef);
                Leave(terminated.ActorRef);
                break;
            default:
                return false;
        }

        Grant();
        return true;
    }

    private void Leave(IActorRef actor)
    {
        if (recovering.Remove(actor))
            Context.Unwatch(actor);
    }

    private void Grant()
    {
        // An actor that was restarted while it recovered asks again, and holds its permit still.
        while (waiting.First is { } next && (recovering.Count < limit || recovering.Contains(next.Value)))
        {
            waiting.RemoveFirst();
            recovering.Add(next.Value);
            next.Value.Tell(RecoveryPermitGranted.Instance, Self);
        }
    }
}
