using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Persistence.Journal;
using Akka.Actor;

namespace ActorTrain.Actors.Nodes;

/// <summary>Stands for a life of a worker of rollouts on a node.</summary>
public sealed class RemoteWorker : RemoteLife
{
    private readonly ActorId worker;

    /// <param name="desk">The <see cref="NodeDesk"/>.</param>
    /// <param name="supervisor">Receives its <see cref="WorkerReport"/>s.</param>
    public RemoteWorker(WorkerLife life, NodePlace place, IActorRef desk, IActorRef supervisor)
        : base(life.Worker, place, new StartWorkerLife(place.Term, place.Lease, place.Number, life.Worker), desk)
    {
        worker = life.Worker;
        Receive<WorkerCommand>(command => place.Agent.Tell(new TellWorkerLife(place.Term, place.Lease, place.Number, command)));
        Receive<WorkerReport>(supervisor.Tell, report => report.Worker == life.Worker && !life.IsAbandoned);
        Receive<WorkerReport>(static _ => { });
    }

    private protected override object Ended(LifeFailure failure) => new WorkerEnded(worker, failure);
}
