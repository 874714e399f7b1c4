using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using Akka.Actor;

namespace ActorTrain.Actors.Nodes;

/// <summary>Stands for a life of a trainer on a node.</summary>
public sealed class RemoteTrainer : RemoteLife
{
    private readonly TrainerKey trainer;

    /// <param name="desk">The <see cref="NodeDesk"/>.</param>
    /// <param name="run">Receives its <see cref="TrainerReport"/>s.</param>
    public RemoteTrainer(TrainerLife life, NodePlace place, IActorRef desk, IActorRef run)
        : base(life.Key.Id, place, new StartLife(place.Term, place.Lease, place.Number, life.Key), desk)
    {
        trainer = life.Key;
        Receive<TrainerCommand>(command => place.Agent.Tell(new TellLife(place.Term, place.Lease, place.Number, command)));
        Receive<TrainerReport>(run.Tell, report => report.Trainer == life.Key && !life.IsAbandoned);
        Receive<TrainerReport>(static _ => { });
    }

    private protected override object Ended(LifeFailure failure) => new TrainerEnded(trainer, failure);
}
