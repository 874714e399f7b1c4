using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Actors.Training;
using Akka.Actor;
using Akka.Event;

namespace ActorTrain.Actors.Nodes;

/// <summary>Stands for a life of a trainer on a node: passes commands on and reports back, and fails as that life does, or when its node is
/// lost.</summary>
public sealed class RemoteTrainer : TracedActor
{
    private readonly TrainerLife life;
    private readonly NodePlace place;
    private readonly IActorRef desk;

    /// <param name="desk">The <see cref="NodeDesk"/>.</param>
    /// <param name="run">Receives its <see cref="TrainerReport"/>s.</param>
    public RemoteTrainer(TrainerLife life, NodePlace place, IActorRef desk, IActorRef run)
    {
        this.life = life;
        this.place = place;
        this.desk = desk;
        Receive<TrainerCommand>(command => place.Agent.Tell(new TellLife(place.Term, place.Lease, place.Number, command)));
        Receive<TrainerReport>(run.Tell, report => report.Trainer == life.Key && !life.IsAbandoned);
        Receive<TrainerReport>(static _ => { });
        Receive<LifeFailed>(failed => End(
            new TrainerFailure(failed.Reason, failed.Damage, failed.ForMemory) { Node = failed.IsMissing ? NodeEnd.Lost : null }));
        Receive<PlaceEnded>(ended => End(new TrainerFailure(ended.Reason) { Node = ended.End }));
    }

    protected override void PreStart()
    {
        desk.Tell(new OccupyPlace(place.Number, life.Key));
        place.Agent.Tell(new StartLife(place.Term, place.Lease, place.Number, life.Key));
    }

    protected override void PostStop()
    {
        place.Agent.Tell(new StopLife(place.Term, place.Lease, place.Number));
        desk.Tell(new LeavePlace(place));
    }

    private void End(TrainerFailure failure)
    {
        Context.GetLogger().Warning("{Trainer} ended on {Node}: {Reason}", life.Key, place.Node, failure.Reason);
        Context.Parent.Tell(new TrainerEnded(life.Key, failure));
        Context.Stop(Self);
    }
}
