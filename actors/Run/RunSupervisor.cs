using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Supervision;
using ActorTrain.Actors.Tracing;
using ActorTrain.Models;
using ActorTrain.Models.Runtime;
using ActorTrain.Persistence.Journal;
using Akka.Actor;

namespace ActorTrain.Actors.Run;

/// <summary>The root actor of a run: performs what <see cref="RunLogic"/> decides, and supervises all others.</summary>
/// <remarks>Its decisions are event-sourced through the journal actor, so a database outage stops neither it nor the trainers. If it fails,
/// its replacement waits until those former children that write to disk have stopped, replays the journal, and resumes from the newest
/// snapshot in memory, or else the newest checkpoint; trainers that hang delay nothing.</remarks>
public sealed class RunSupervisor : TracedActor, IWithTimers
{
    private readonly RunParts parts;
    private readonly RestartBudget budget;
    private readonly List<IRunInput> early = [];
    private readonly Dictionary<long, IActorRef> operators = [];
    private readonly IActorRef[] reducers;
    private readonly int[] replacements;
    private IActorRef? trainers;
    private IActorRef? checkpointer;
    private IActorRef? publisher;
    private IActorRef? journal;
    private IActorRef? detector;
    private IActorRef? recorder;
    private IActorRef? rollouts;
    private IActorRef? searching;
    private Action? letGoOfTrainers;
    private int trainerSupervisors;
    private int rolloutSupervisors;
    private IReadOnlyList<RunEvent>? recorded;
    private RunLogic? logic;

    public RunSupervisor(RunParts parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        this.parts = parts;
        budget = new RestartBudget(parts.Limits);
        reducers = new IActorRef[parts.Options.Reducers];
        replacements = new int[reducers.Length];
        Receive<GetStatus>(_ => Sender.Tell(Status()));
        Receive<SupervisorReplacement>(replacement =>
        {
            if (replacement.Role == ActorRole.Rollouts)
                StartRolloutsSupervisor();
            else
                StartTrainerSupervisor();
        });
        Receive<Terminated>(ended =>
        {
            if (parts.Writers.Remove(ended.ActorRef) && parts.Writers.Count == 0 && journal is null)
                StartChildren();
        });
        Receive<JournalRecovered>(Begin);
        Receive<RecoveryFound>(found => Begin(found.State), _ => logic is null);
        Receive<JournalAway>(Miss);
        Receive<JournalUnreadable>(
            unreadable => Context.Parent.Tell(
                new RunEnded(RunEnding.Failed, parts.RecoveryState.Origin.Step, $"The journal cannot be read {unreadable.Reason}.")),
            _ => logic is null);
        Receive<RunSuperseded>(
            superseded => Context.Parent.Tell(
                new RunEnded(RunEnding.Superseded, parts.RecoveryState.Origin.Step, superseded.Reason)),
            _ => logic is null);
        Receive<Notice>(notice => parts.Notify(new NotifyText(notice.Sentence, notice.IsWarning)));
        Receive<ReadDecisions>(read => journal?.Tell(read));
        Receive<OperatorRequest>(request =>
        {
            if (logic is null)
            {
                Sender.Tell(new OperatorAnswer(false, "The run is reading its journal; try again in a moment."));
                return;
            }

            operators[request.Number] = Sender;
            Do(logic.Step(request, Now));
        });
        Receive<IRunInput>(input =>
        {
            if (logic is not null)
                Do(logic.Step(input, Now));
            else if (input is StopRun or ScaleTrainers or ScaleRollouts)
                early.Add(input);
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private static DateTimeOffset Now => SteadyClock.Of(Context.System).Now;

    protected override SupervisorStrategy SupervisorStrategy() => new ReportingStrategy(Decide);

    protected override void PreStart()
    {
        foreach (var writer in parts.Writers)
            Context.Watch(writer);
        if (parts.Writers.Count == 0)
            StartChildren();
    }

    private string Life(ActorId actor) => parts.Lives == 1 ? $"{actor}" : $"{actor}-{parts.Lives}";

    private void StartChildren()
    {
        journal = StartWriter(parts.Children.Journal(Self), ActorRole.Journal);
        Timers.StartPeriodicTimer(nameof(ReadDecisions), new ReadDecisions(), parts.Options.RetryInterval);
    }

    // Nothing is decided before the journal is read.
    private void Begin(JournalRecovered recovered)
    {
        if (logic is not null)
        {
            Do(logic.Step(recovered, Now));
            return;
        }

        Timers.Cancel(nameof(ReadDecisions));
        if (recorded is not null)
            return;
        recorded = recovered.Events;

        // A later life in this process has newer states in memory.
        if (parts.Lives == 1 && parts.Children.StateSearch is { } search)
            searching = Context.ActorOf(search(Self, recorded, parts.RecoveryState), "states");
        else
            Begin(parts.RecoveryState);
    }

    private void Begin(RecoveryState recovery)
    {
        parts.Logic = logic = new RunLogic(parts.Options, parts.Plan, recovery, recorded!);
        parts.Transport.CloseAll();
        for (var i = 0; i < reducers.Length; i++)
            StartReducer(i);
        var children = parts.Children;
        checkpointer = StartWriter(children.Checkpointer(Self), ActorRole.Checkpointer);
        detector = Context.ActorOf(children.SpikeDetector(Self), Life(new ActorId(ActorRole.Spikes)));
        publisher = StartWriter(children.Metrics(Self), ActorRole.Metrics);
        if (children.Goodput is { } goodput)
            recorder = StartWriter(goodput(Self), ActorRole.Goodput);
        StartTrainerSupervisor();
        StartRolloutsSupervisor();
        Do(logic.Begin(Now));
        foreach (var request in early)
            Do(logic.Step(request, Now));
    }

    private IActorRef StartWriter(Props props, ActorRole role)
    {
        var writer = Context.ActorOf(props, Life(new ActorId(role)));
        parts.Writers.Add(writer);
        return writer;
    }

    // Reports a run that cannot begin because its database is unavailable.
    private void Miss(JournalAway away)
    {
        if (logic is not null)
            Do(logic.Step(away, Now));
        else
            parts.Notify(new NotifyText($"the journal's database is unavailable; waiting for it: {away.Reason}", IsWarning: true));
    }

    private void StartReducer(int number)
    {
        var name = Life(ActorId.Reducer(number)) + (replacements[number] == 0 ? "" : $"-replaced-{replacements[number]}");
        reducers[number] = Context.ActorOf(parts.Children.Reducer(number, Self), name);
    }

    private void StartTrainerSupervisor()
    {
        (var props, letGoOfTrainers) = parts.Children.Trainers(Self);
        var name = Life(new ActorId(ActorRole.Trainers)) + (trainerSupervisors++ == 0 ? "" : $"-replaced-{trainerSupervisors - 1}");
        trainers = Context.ActorOf(props, name);
    }

    private void StartRolloutsSupervisor()
    {
        if (parts.Children.Rollouts is not { } children)
            return;
        var name = Life(new ActorId(ActorRole.Rollouts)) + (rolloutSupervisors++ == 0 ? "" : $"-replaced-{rolloutSupervisors - 1}");
        rollouts = Context.ActorOf(children(Self), name);
    }

    private Directive Decide(IActorRef child, Exception exception)
    {
        if (child.Equals(trainers))
            letGoOfTrainers!();
        if (child.Equals(searching))
        {
            Self.Tell(new RecoveryFound(parts.RecoveryState));
            return Directive.Stop;
        }

        var actor = IdOf(child);
        var reason = ReportingStrategy.Sentence(exception);
        if (actor.Role is ActorRole.Journal or ActorRole.Goodput)
            return Directive.Restart;
        if (budget.Spend(actor.ToString(), reason, Now, MemoryExhaustion.IsCauseOf(exception)) is { } report)
        {
            Self.Tell(new ActorGivenUp(actor, report));
            return Directive.Stop;
        }

        Self.Tell(new ActorFailed(actor, reason));
        if (actor.Role is not (ActorRole.Trainers or ActorRole.Rollouts))
            return Directive.Restart;

        // Restarting it in place would wait for trainers or workers that hang.
        Self.Tell(new SupervisorReplacement(actor.Role));
        return Directive.Stop;
    }

    private ActorId IdOf(IActorRef child)
    {
        var reducer = Array.IndexOf(reducers, child);
        return reducer >= 0 ? ActorId.Reducer(reducer)
            : new ActorId(child.Equals(checkpointer) ? ActorRole.Checkpointer
                : child.Equals(publisher) ? ActorRole.Metrics
                : child.Equals(journal) ? ActorRole.Journal
                : child.Equals(detector) ? ActorRole.Spikes
                : child.Equals(recorder) ? ActorRole.Goodput
                : child.Equals(rollouts) ? ActorRole.Rollouts
                : ActorRole.Trainers);
    }

    private void Do(IReadOnlyList<RunEffect> effects)
    {
        foreach (var effect in effects)
            Do(effect);
    }

    private void Do(RunEffect effect)
    {
        switch (effect)
        {
            case ToTrainer(var trainer, var command):
                trainers!.Tell(new TellTrainer(trainer, command));
                break;
            case ToTrainerSupervisor(var command):
                trainers!.Tell(command);
                break;
            case ToReducer(var reducer, var command):
                reducers[reducer].Tell(command);
                break;
            case ReplaceReducer(var reducer):
                Context.Stop(reducers[reducer]);
                replacements[reducer]++;
                StartReducer(reducer);
                break;
            case ToCheckpointer(var command):
                checkpointer!.Tell(command);
                break;
            case ToRollouts(var command):
                rollouts?.Tell(command);
                break;
            case ToSpikeDetector(var command):
                detector!.Tell(command);
                break;
            case AnswerOperator(var request, var answer):
                if (operators.Remove(request, out var asking))
                    asking.Tell(answer);
                break;
            case ToMetrics(var command):
                publisher!.Tell(command);
                break;
            case ToGoodput(var turn):
                recorder?.Tell(turn);
                break;
            case ToJournal(var command):
                journal!.Tell(command);
                break;
            case OpenRound(var round):
                parts.Transport.Open(round);
                break;
            case CloseRound(var round):
                parts.Transport.Close(round);
                break;
            case WakeAt(var at):
                Timers.StartSingleTimer(nameof(Tick), new Tick(), SteadyClock.Of(Context.System).Until(at));
                break;
            case EndRun(var outcome):
                parts.RecoveryState = logic!.RecoveryState;
                Context.Parent.Tell(outcome);
                break;
            case RunNotice notice:
                if (notice is NotifyMeasurement { Measurement: StepMeasurement })
                    MessageTrace.Of(Context.System).StepCommitted();
                parts.Notify(notice);
                break;
            default:
                throw new InvariantException($"Unhandled effect {effect}.");
        }
    }

    private RunStatus Status()
    {
        var status = logic?.Status()
            ?? new RunStatus(parts.RecoveryState.Origin.Step, parts.Options.Steps, 0, RunPhase.ReadingJournal, [], 0, []);
        return status with
        {
            WantedTrainers = logic?.WantedTrainers ?? parts.Options.Trainers,
            Term = parts.Term.Number,
            Actors =
            [
                .. from child in (IEnumerable<IActorRef?>)[Self, trainers, .. reducers, detector, checkpointer, publisher, recorder,
                    rollouts, journal]
                   where child is not null
                   select new ActorStatus(child.Equals(Self) ? "run" : IdOf(child).ToString(), "running", MailboxSize.Of(child)),
            ],
        };
    }

    /// <summary>Replaces a failed supervisor of trainers or rollouts.</summary>
    private sealed record SupervisorReplacement(ActorRole Role) : INoSerializationVerificationNeeded;
}
