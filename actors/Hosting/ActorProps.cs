using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Election;
using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Nodes;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Terms;
using Akka.Actor;
using Akka.Pattern;

namespace ActorTrain.Actors.Hosting;

/// <summary>Props of actors that need a thread of their own, or a special supervisor.</summary>
public static class ActorProps
{
    /// <summary>The journal, under a supervisor that restarts it with backoff for as long as the database is unavailable.</summary>
    /// <param name="listener">Receives each <see cref="JournalReport"/>.</param>
    /// <param name="term">Under which it writes; null: none.</param>
    public static Props Journal(string run, IActorRef listener, TimeSpan minBackoff, TimeSpan maxBackoff, RunTerm? term = null)
    {
        var (outage, led) = (new JournalOutage(), term ?? RunTerm.None);
        var journal = Props.Create(() => new RunJournal(run, listener, outage, led));
        return BackoffSupervisor.Props(
            Backoff.OnStop(journal, RunJournal.Name, minBackoff, maxBackoff, randomFactor: 0.2, maxNrOfRetries: -1));
    }

    /// <param name="saving">Called once per life of the actor.</param>
    /// <param name="listener">Receives each <see cref="CheckpointReport"/>.</param>
    public static Props Checkpointer(Func<CheckpointSaving> saving, IActorRef listener) =>
        Props.Create(() => new Checkpointer(saving, listener)).WithDispatcher(ActorSettings.PinnedDispatcher);

    /// <summary>The supervisor of rollouts; its ledger and each worker have a thread of their own.</summary>
    /// <param name="desk">The <see cref="NodeDesk"/>; null if all workers live in this process.</param>
    /// <param name="listener">Receives each <see cref="RolloutsReport"/>.</param>
    public static Props Rollouts(RolloutsRun run, IWeightSource weights, IActorRef? desk, IActorRef listener)
    {
        var children = new RolloutsChildren
        {
            Worker = (life, place, supervisor) => place is NodePlace onNode
                ? Props.Create(() => new RemoteWorker(life, onNode, desk!, supervisor))
                : Worker(
                    life, () => run.Wrap(
                        life.Worker.Role == ActorRole.Rollout ? new GeneratorDevice(run.Generator, weights)
                            : run.MakeJudge(life.Worker.Role, weights),
                        life.Worker),
                    run.Threads, supervisor),
            Ledger = supervisor =>
                Props.Create(() => new LedgerWriter(run.Ledger, supervisor)).WithDispatcher(ActorSettings.PinnedDispatcher),
        };
        return Props.Create(() => new RolloutsSupervisor(
            run.Options, children, given => run.Experiences.Put(given.Experience), listener, desk));
    }

    /// <summary>One life of a worker of rollouts, on a thread of its own.</summary>
    /// <param name="makeDevice">Called on the worker's thread.</param>
    public static Props Worker(WorkerLife life, Func<IWorkerDevice> makeDevice, int threads, IActorRef supervisor) =>
        Props.Create(() => new RolloutWorker(life, makeDevice, threads, supervisor)).WithDispatcher(ActorSettings.PinnedDispatcher);

    /// <summary>The supervisor of trainers; each trainer has a thread of its own.</summary>
    /// <param name="makeDevice">Called on the trainer's thread.</param>
    public static Props Trainers(TrainerSupervisorOptions options, Func<TrainerKey, ITrainerDevice> makeDevice, TrainerSupervisorLife life,
        IActorRef run)
    {
        Func<TrainerLife, LifePlace?, IActorRef, Props> trainer =
            (born, _, to) => Trainer(born, () => makeDevice(born.Key), options.Threads, to);
        return Props.Create(() => new TrainerSupervisor(options, trainer, life, run, null));
    }

    /// <summary>The supervisor of trainers that live on nodes.</summary>
    /// <param name="desk">The <see cref="NodeDesk"/>.</param>
    public static Props TrainersOnNodes(TrainerSupervisorOptions options, IActorRef desk, TrainerSupervisorLife life, IActorRef run)
    {
        Func<TrainerLife, LifePlace?, IActorRef, Props> trainer =
            (born, place, to) => Props.Create(() => new RemoteTrainer(born, (NodePlace)place!, desk, to));
        return Props.Create(() => new TrainerSupervisor(options, trainer, life, run, desk));
    }

    /// <summary>One life of a trainer, on a thread of its own.</summary>
    /// <param name="makeDevice">Called on the trainer's thread.</param>
    public static Props Trainer(TrainerLife life, Func<ITrainerDevice> makeDevice, int threads, IActorRef run) =>
        Props.Create(() => new Trainer(life, makeDevice, threads, run)).WithDispatcher(ActorSettings.PinnedDispatcher);

    /// <param name="options">Called once per life of the actor.</param>
    /// <param name="notify">See <see cref="NodeDesk"/>.</param>
    public static Props NodeDesk(Func<NodeRosterOptions> options, DataPlaneServer plane, Action<string, bool> notify) =>
        Props.Create(() => new NodeDesk(options, plane, notify));

    /// <param name="desk">The <see cref="NodeDesk"/>.</param>
    /// <param name="run">See <see cref="Nodes.StateSearch"/>.</param>
    public static Props StateSearch(StateSearchLogic logic, IActorRef desk, IActorRef run) =>
        Props.Create(() => new StateSearch(logic, desk, run));

    internal static Props ControlMember(ControlMemberParts parts) => Props.Create(() => new ControlMember(parts));

    internal static Props Seat(IActorRef member) => Props.Create(() => new Seat(member));

    public static Props NodeAgent(NodeLinkOptions options, NodeAgentParts parts) => Props.Create(() => new NodeAgent(options, parts));
}
