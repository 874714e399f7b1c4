using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Actors.Training;
using ActorTrain.Persistence.Journal;
using Akka.Actor;
using Akka.Event;

namespace ActorTrain.Actors.Nodes;

/// <summary>Stands for a life on a node: passes commands on and reports back, and fails as that life does, or when its node is
/// lost.</summary>
public abstract class RemoteLife : TracedActor
{
    private readonly ActorId life;
    private readonly IActorRef desk;
    private readonly LeaseCommand start;

    /// <param name="start">Begins the life.</param>
    /// <param name="desk">The <see cref="NodeDesk"/>.</param>
    private protected RemoteLife(ActorId life, NodePlace place, LeaseCommand start, IActorRef desk)
    {
        (this.life, this.start, this.desk, Place) = (life, start, desk, place);
        Receive<LifeFailed>(failed => End(
            new LifeFailure(failed.Reason, failed.Damage, failed.ForMemory) { Node = failed.IsMissing ? NodeEnd.Lost : null }));
        Receive<PlaceEnded>(ended => End(new LifeFailure(ended.Reason) { Node = ended.End }));
    }

    private protected NodePlace Place { get; }

    protected override void PreStart()
    {
        desk.Tell(new OccupyPlace(Place.Number, life));
        Place.Agent.Tell(start);
    }

    protected override void PostStop()
    {
        Place.Agent.Tell(new StopLife(Place.Term, Place.Lease, Place.Number));
        desk.Tell(new LeavePlace(Place));
    }

    /// <summary>What tells the supervisor why the life ended.</summary>
    private protected abstract object Ended(LifeFailure failure);

    private void End(LifeFailure failure)
    {
        Context.GetLogger().Warning("{Life} ended on {Node}: {Reason}", life, Place.Node, failure.Reason);
        Context.Parent.Tell(Ended(failure));
        Context.Stop(Self);
    }
}
