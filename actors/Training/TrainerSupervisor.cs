using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Supervision;
using ActorTrain.Actors.Tracing;
using Akka.Actor;

namespace ActorTrain.Actors.Training;

/// <summary>Keeps trainers alive: starts them, restarts them with backoff up to a limit, and abandons those that hang.</summary>
/// <remarks>A trainer is never restarted in place: each life is an actor of its own, named by its <see cref="TrainerKey"/>, so nothing
/// waits for one that hangs. For the same reason, replace this actor by one with another name instead of restarting it.</remarks>
public sealed class TrainerSupervisor : TracedActor, IWithTimers
{
    private readonly TrainerSupervisorLogic logic;
    private readonly Func<TrainerLife, LifePlace?, IActorRef, Props> trainer;
    private readonly TrainerSupervisorLife life;
    private readonly IActorRef run;
    private readonly IActorRef? places;
    private readonly Dictionary<TrainerKey, Child> children = [];

    /// <param name="trainer">Makes a life of a trainer, given its place and the receiver of its reports.</param>
    /// <param name="run">Receives the reports, including those of trainers.</param>
    /// <param name="places">Answers each <see cref="SeekPlace"/>; null if trainers live in this process.</param>
    public TrainerSupervisor(TrainerSupervisorOptions options, Func<TrainerLife, LifePlace?, IActorRef, Props> trainer,
        TrainerSupervisorLife life, IActorRef run, IActorRef? places = null)
    {
        this.trainer = trainer;
        this.life = life;
        this.run = run;
        this.places = places;
        logic = new TrainerSupervisorLogic(options, seeksPlaces: places is not null);
        Receive<TellTrainer>(Forward);
        Receive<TrainerSupervisorCommand>(command => Do(logic.Handle(command, Now)));
        Receive<PlaceFound>(found => Do(logic.Placed(found.Number, found.Place, Now)));
        Receive<TrainerEnded>(ended =>
        {
            if (children.TryGetValue(ended.Trainer, out var child))
                child.Failure = ended.Failure;
        });
        Receive<Terminated>(Ended);
        Receive<Wake>(_ => Do(logic.Tick(Now)));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private static DateTimeOffset Now => SteadyClock.Of(Context.System).Now;

    protected override void PreStart() => run.Tell(new TrainerSupervisorStarted());

    protected override SupervisorStrategy SupervisorStrategy() => new ReportingStrategy((failed, exception) =>
    {
        foreach (var child in children.Values.Where(child => child.Actor.Equals(failed)))
            child.Failure = LifeFailure.Of(exception);
        return Directive.Stop;
    });

    private void Forward(TellTrainer forward)
    {
        if (children.TryGetValue(forward.Trainer, out var found))
            found.Actor.Tell(forward.Command, Sender);
    }

    private void Ended(Terminated terminated)
    {
        foreach (var (key, child) in children)
        {
            if (!child.Actor.Equals(terminated.ActorRef))
                continue;
            children.Remove(key);
            Do(logic.Ended(key, child.Failure ?? LifeFailure.Of(null), Now));
            return;
        }
    }

    private void Do(IReadOnlyList<TrainerSupervisorEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case SpawnTrainer spawn:
                    Spawn(spawn.Trainer, spawn.Place);
                    break;
                case StopTrainer stop when children.Remove(stop.Trainer, out var found):
                    found.Life.Abandon();
                    Context.Unwatch(found.Actor);
                    Context.Stop(found.Actor);
                    break;
                case TellRun tell:
                    run.Tell(tell.Report);
                    break;
                case TellPlaces tell:
                    places!.Tell(tell.Message);
                    break;
            }
        }

        if (logic.NextTick is { } next)
            Timers.StartSingleTimer(nameof(Wake), Wake.Instance, SteadyClock.Of(Context.System).Until(next));
    }

    private void Spawn(TrainerKey key, LifePlace? place)
    {
        var born = new TrainerLife(key, life);
        var actor = Context.ActorOf(trainer(born, place, run), key.ToString());
        Context.Watch(actor);
        children.Add(key, new Child(actor, born));
    }

    private sealed class Child(IActorRef actor, TrainerLife life)
    {
        public IActorRef Actor => actor;

        public TrainerLife Life => life;

        public LifeFailure? Failure { get; set; }
    }

    private sealed record Wake : INoSerializationVerificationNeeded
    {
        public static readonly Wake Instance = new();
    }
}
