using Akka.Actor;

namespace ActorTrain.Actors.Election;

/// <summary>The singleton of the cluster of control processes: the process in which it lives is elected to lead the run.</summary>
/// <remarks>It says who shall take the run's term, no more. That somebody else is elected takes nothing away from who led before: the term
/// that the elected one takes does.</remarks>
internal sealed class Seat(IActorRef member) : ReceiveActor
{
    protected override void PreStart() => member.Tell(ControlMember.Elected.Instance);
}
