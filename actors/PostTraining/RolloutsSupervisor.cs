using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Supervision;
using ActorTrain.Actors.Tracing;
using ActorTrain.Actors.Training;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;
using Akka.Actor;

namespace ActorTrain.Actors.PostTraining;

/// <summary>Makes the children of a supervisor of rollouts; each is given the actor that it reports to.</summary>
public sealed record RolloutsChildren
{
    /// <summary>A life of a worker, of whatever role; its place is null in this process.</summary>
    public required Func<WorkerLife, LifePlace?, IActorRef, Props> Worker { get; init; }

    public required Func<IActorRef, Props> Ledger { get; init; }
}

/// <summary>A life on a node ended; tells its supervisor why, and then stops.</summary>
public sealed record WorkerEnded(ActorId Worker, LifeFailure Failure) : INoSerializationVerificationNeeded;

/// <summary>Performs what <see cref="RolloutsLogic"/> decides, and supervises samplers, scorers, references and the ledger.</summary>
/// <remarks>A worker is never restarted in place: each life is an actor of its own, so nothing waits for one that hangs. If the ledger
/// fails, so does this actor: the run decides how often.</remarks>
public sealed class RolloutsSupervisor : TracedActor, IWithTimers
{
    private readonly RolloutsLogic logic;
    private readonly RolloutsChildren children;
    private readonly Action<HandOver> handOver;
    private readonly IActorRef run;
    private readonly IActorRef? places;
    private readonly Dictionary<ActorId, Child> workers = [];
    private IActorRef? ledger;

    /// <param name="handOver">Gives trainers what a step is trained on.</param>
    /// <param name="run">Receives the reports.</param>
    /// <param name="places">Answers each <see cref="SeekPlace"/>; null if all workers live in this process.</param>
    public RolloutsSupervisor(RolloutsOptions options, RolloutsChildren children, Action<HandOver> handOver, IActorRef run,
        IActorRef? places)
    {
        (this.children, this.handOver, this.run, this.places) = (children, handOver, run, places);
        logic = new RolloutsLogic(options);
        Receive<PrepareExperience>(asked => Do(logic.Handle(asked, Now)));
        Receive<ResizeSamplers>(resize => Do(logic.Handle(resize, Now)));
        Receive<PlaceFound>(found => Do(logic.Placed(found.Role, found.Number, found.Place, Now)));
        Receive<WorkerEnded>(ended =>
        {
            if (workers.TryGetValue(ended.Worker, out var child))
                child.OnNode = ended.Failure;
        });
        Receive<WorkerReport>(report => Do(logic.Handle(report, Now)));
        Receive<LedgerReport>(report => Do(logic.Handle(report, Now)));
        Receive<Terminated>(Ended);
        Receive<Wake>(_ => Do(logic.Tick(Now)));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private static DateTimeOffset Now => SteadyClock.Of(Context.System).Now;

    protected override void PreStart()
    {
        ledger = Context.ActorOf(children.Ledger(Self), new ActorId(ActorRole.Ledger).ToString());
        Do(logic.Begin(Now));
    }

    protected override void PostStop()
    {
        foreach (var child in workers.Values)
            child.Life.Abandon();
    }

    protected override SupervisorStrategy SupervisorStrategy() => new ReportingStrategy((failed, exception) =>
    {
        if (failed.Equals(ledger))
            return Directive.Escalate;
        foreach (var child in workers.Values.Where(child => child.Actor.Equals(failed)))
            child.Failure = exception is ActorInitializationException { InnerException: { } cause } ? cause : exception;
        return Directive.Stop;
    });

    private void Ended(Terminated terminated)
    {
        foreach (var (worker, child) in workers)
        {
            if (!child.Actor.Equals(terminated.ActorRef))
                continue;
            workers.Remove(worker);

            // Another life would find the same.
            if (child.Failure is UserErrorException { Message: var sentence })
            {
                run.Tell(new RolloutsFailed(sentence));
                return;
            }

            Do(logic.Ended(worker, child.OnNode ?? LifeFailure.Of(child.Failure), Now));
            return;
        }
    }

    private void Do(IReadOnlyList<RolloutsEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case SpawnWorker(var worker) spawn:
                    var life = new WorkerLife(worker);
                    var actor = Context.ActorOf(children.Worker(life, spawn.Place, Self), worker.ToString());
                    Context.Watch(actor);
                    workers.Add(worker, new Child(actor, life));
                    break;
                case AskForPlace(var message):
                    places!.Tell(message);
                    break;
                case StopWorker(var worker) when workers.Remove(worker, out var found):
                    found.Life.Abandon();
                    Context.Unwatch(found.Actor);
                    Context.Stop(found.Actor);
                    break;
                case TellWorker(var worker, var command) when workers.TryGetValue(worker, out var told):
                    told.Actor.Tell(command);
                    break;
                case TellLedger(var command):
                    ledger!.Tell(command);
                    break;
                case HandOver given:
                    handOver(given);
                    break;
                case TellRunOf(var report):
                    run.Tell(report);
                    break;
            }
        }

        if (logic.NextTick is { } next)
            Timers.StartSingleTimer(nameof(Wake), Wake.Instance, SteadyClock.Of(Context.System).Until(next));
    }

    private sealed class Child(IActorRef actor, WorkerLife life)
    {
        public IActorRef Actor => actor;

        public WorkerLife Life => life;

        public Exception? Failure { get; set; }

        /// <summary>Why its life on a node ended.</summary>
        public LifeFailure? OnNode { get; set; }
    }

    private sealed record Wake : INoSerializationVerificationNeeded
    {
        public static readonly Wake Instance = new();
    }
}
