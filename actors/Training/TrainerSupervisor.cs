using ActorTrain.Actors.Faults;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Supervision;
using ActorTrain.Models;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using Akka.Actor;

namespace ActorTrain.Actors.Training;

/// <summary>Keeps trainers alive: starts them, starts them again with backoff, gives up the hopeless, and lets go of those that hang.</summary>
/// <remarks>A trainer is never restarted in place: each life is an actor of its own, named by its <see cref="TrainerKey"/>, so nobody waits for one
/// that hangs. For the same reason whoever supervises this actor does well to start another one under another name instead of restarting it.</remarks>
public sealed class TrainerSupervisor : BreakableActor, IWithTimers
{
    /// <summary>The dispatcher that gives each trainer a thread of its own.</summary>
    public const string Dispatcher = "actortrain.trainer-dispatcher";

    /// <summary>Configuration of <see cref="Dispatcher"/>, for the actor system.</summary>
    public const string DispatcherConfiguration = Dispatcher + " { type = PinnedDispatcher }";

    private readonly TrainerSupervisorOptions options;
    private readonly TrainerSupervisorLogic logic;
    private readonly Func<TrainerKey, ITrainerDevice> makeDevice;
    private readonly IActorRef run;
    private readonly IFaultInjector? faults;
    private readonly Dictionary<TrainerKey, (IActorRef Actor, TrainerLife Life)> lives = [];

    /// <summary>Makes a supervisor of no trainers.</summary>
    /// <param name="options">How they are kept alive.</param>
    /// <param name="makeDevice">Makes a trainer's device, on the trainer's thread.</param>
    /// <param name="run">Who hears the reports, of trainers too.</param>
    /// <param name="faults">What breaks actors.</param>
    public TrainerSupervisor(TrainerSupervisorOptions options, Func<TrainerKey, ITrainerDevice> makeDevice, IActorRef run, IFaultInjector? faults = null)
        : base(faults)
    {
        this.options = options;
        this.makeDevice = makeDevice;
        this.run = run;
        this.faults = faults;
        logic = new TrainerSupervisorLogic(options);
        Receive<TellTrainer>(Forward);
        Receive<TrainerSupervisorCommand>(command => Do(logic.Handle(command, Now)));
        Receive<Terminated>(Ended);
        Receive<Wake>(_ => Do(logic.Tick(Now)));
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private static DateTimeOffset Now => SteadyClock.Of(Context.System).Now;

    /// <inheritdoc/>
    protected override void PreStart() => run.Tell(new TrainerSupervisorStarted());

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(static _ => Directive.Stop);

    /// <inheritdoc/>
    protected override bool AroundReceive(Receive receive, object message)
    {
        try
        {
            return base.AroundReceive(receive, message);
        }
        catch
        {
            // All end with it, those that hang too, which are not to meddle when they come back.
            foreach (var (_, life) in lives.Values)
                life.Abandon();
            throw;
        }
    }

    private void Forward(TellTrainer forward)
    {
        if (lives.TryGetValue(forward.Trainer, out var found))
            found.Actor.Tell(forward.Command, Sender);
    }

    private void Ended(Terminated terminated)
    {
        foreach (var (key, (actor, life)) in lives)
        {
            if (!actor.Equals(terminated.ActorRef))
                continue;
            lives.Remove(key);
            Do(logic.Ended(key, Reason(life.Failure), Now, DamageOf(life.Failure), MemoryExhaustion.IsCauseOf(life.Failure)));
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
                    Spawn(spawn.Trainer);
                    break;
                case StopTrainer stop when lives.Remove(stop.Trainer, out var found):
                    found.Life.Abandon();
                    Context.Unwatch(found.Actor);
                    Context.Stop(found.Actor);
                    break;
                case TellRun tell:
                    run.Tell(tell.Report);
                    break;
            }
        }

        if (logic.NextTick is { } next)
            Timers.StartSingleTimer(nameof(Wake), Wake.Instance, SteadyClock.Of(Context.System).Until(next));
    }

    private void Spawn(TrainerKey key)
    {
        var life = new TrainerLife(key);
        var (make, threads, to, breaks) = (makeDevice, options.Threads, run, faults);
        var props = Props.Create(() => new Trainer(life, () => make(key), threads, to, breaks)).WithDispatcher(Dispatcher);
        var actor = Context.ActorOf(props, key.ToString());
        Context.Watch(actor);
        lives.Add(key, (actor, life));
    }

    private static FoundDamage? DamageOf(Exception? failure) =>
        failure is not CorruptionException found ? null : found.Place == FlatPlace.TotalGradient ? FoundDamage.Shared : FoundDamage.Own;

    private static string Reason(Exception? failure) => failure is null ? "It stopped." : ReportingStrategy.Sentence(failure);

    private sealed record Wake : INoSerializationVerificationNeeded
    {
        public static readonly Wake Instance = new();
    }
}
