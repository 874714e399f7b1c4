using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Supervision;
using ActorTrain.Actors.Training;
using Akka.Actor;

namespace ActorTrain.Actors.Nodes;

/// <summary>A node: offers itself to a run, and hosts trainers and workers of rollouts under the lease that it is given.</summary>
/// <remarks>Its logic is in <see cref="NodeLinkLogic"/>. Each life is an actor of its own, which is stopped and forgotten, never restarted:
/// its failure is reported to the run, which decides on the next.</remarks>
public sealed class NodeAgent : ReceiveActor, IWithTimers
{
    // Commands that wait for the connection; the run repeats what is dropped.
    private const int MostWaiting = 4096;

    private readonly NodeLinkLogic logic;
    private readonly NodeAgentParts parts;
    private readonly Dictionary<long, Hosted> lives = [];
    private readonly Dictionary<IActorRef, Hosted> hosted = [];
    private readonly List<(LeaseCommand Command, IActorRef From)> waiting = [];
    private TrainerSupervisorLife lease = new();
    private INodeConnection? connection;
    private CancellationTokenRegistration closing;
    private IActorRef desk = ActorRefs.Nobody;
    private readonly HashSet<string> problems = [];
    private readonly HashSet<IActorRef> retiring = [];
    private int born;

    public NodeAgent(NodeLinkOptions options, NodeAgentParts parts)
    {
        this.parts = parts;
        logic = new NodeLinkLogic(options);
        Receive<NodeCommand>(Handle);
        Receive<TrainerReport>(Report);
        Receive<WorkerReport>(Report);
        Receive<Inspected>(done => Do(logic.Inspected(done.Found, done.Problem, Now)));
        Receive<Connected>(Connect);
        Receive<Found>(desk => Context.ActorSelection(desk.Path).Tell(desk.Hello));
        Receive<NotFound>(unknown =>
        {
            // Each attempt fails alike.
            if (problems.Add(unknown.Problem))
                parts.Say(unknown.Problem, true);
        });
        Receive<Closed>(closed => Do(logic.Disconnected(closed.Lease, closed.Reason, Now)));
        Receive<Terminated>(ended =>
        {
            if (!retiring.Remove(ended.ActorRef))
                End(ended.ActorRef);
        });
        Receive<GetStanding>(_ => Sender.Tell(logic.Standing));
        Receive<LeaveRun>(_ => Do(logic.Leave(Now)));
        Receive<CopyDone>(done => desk.Tell(done.Answer));
        Receive<Wake>(_ =>
        {
            (logic.IsRetaining, logic.Retained) = (retiring.Count > 0, parts.Run.Retained);
            Do(logic.Tick(Now));
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private static DateTimeOffset Now => SteadyClock.Of(Context.System).Now;

    protected override SupervisorStrategy SupervisorStrategy() => new ReportingStrategy((failed, exception) =>
    {
        if (hosted.TryGetValue(failed, out var life))
            life.Failure = LifeFailure.Of(exception);
        return Directive.Stop;
    });

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(nameof(Wake), Wake.Instance, NodeProtocol.Heartbeat);
        Self.Tell(Wake.Instance);
    }

    protected override void PostStop() => Drop();

    private void Handle(NodeCommand command)
    {
        var before = logic.Lease;
        var effects = logic.Handle(command, Now);
        if (logic.Lease != before && logic.Lease != 0)
            desk = Sender;
        Do(effects);
    }

    private void Report(object report)
    {
        if (!hosted.TryGetValue(Sender, out var life) || life.IsAbandoned)
            return;
        logic.Progress++;
        if (report is UpdateApplied)
            parts.Run.ForgetRetained();
        life.Reports.Tell(report);
    }

    private void Do(IReadOnlyList<LinkEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case SayHello(var address, var hello):
                    Attempt(() => new Found(parts.PathOf(address), hello), static problem => new NotFound(problem));
                    break;
                case Answer(var report):
                    desk.Tell(report);
                    break;
                case Inspect(var run):
                    Attempt(() => new Inspected(parts.Run.Inspect(run), null), static problem => new Inspected(null, problem));
                    break;
                case Connect(var admission):
                    var node = parts.Node;
                    Attempt(() => new Connected(admission.Lease, parts.Run.Connect(node, admission)),
                        problem => new Closed(admission.Lease, problem));
                    break;
                case Obey(var command) when connection is not null:
                    Obey(command, Sender);
                    break;
                case Obey(var command) when waiting.Count < MostWaiting:
                    waiting.Add((command, Sender));
                    break;
                case DropLease drop:
                    Drop(drop.Retains);
                    break;
                case SayToUser(var sentence, var isWarning):
                    parts.Say(sentence, isWarning);
                    break;
                case EndNode(var refusal):
                    Drop();
                    parts.Ended.TrySetResult(refusal);
                    break;
            }
        }
    }

    // On another thread: it reads files, or waits for the network.
    private void Attempt(Func<object> act, Func<string, object> failed)
    {
        var self = Self;
        Task.Run(() =>
        {
            try
            {
                self.Tell(act(), ActorRefs.NoSender);
            }
#pragma warning disable CA1031 // Whatever it is, the node says it and tries again.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                self.Tell(failed(NodeAgentParts.Sentence(exception)), ActorRefs.NoSender);
            }
        });
    }

    private void Connect(Connected done)
    {
        if (done.Lease != logic.Lease || connection is not null)
        {
            done.Connection.Dispose();
            return;
        }

        var (self, made) = (Self, done.Connection);
        connection = made;
        closing = made.Closed.Register(() =>
            self.Tell(new Closed(done.Lease, made.Reason ?? "The connection of the data plane ended."), ActorRefs.NoSender));
        Do(logic.Connected(done.Lease, Now));
        foreach (var (command, from) in waiting.ToList())
            Obey(command, from);
        waiting.Clear();
    }

    private void Obey(LeaseCommand command, IActorRef from)
    {
        switch (command)
        {
            case CopyRetained copy when connection is { } made:
                var node = parts.Node;
                Attempt(
                    () => new CopyDone(new RetainedCopied(node, copy.Lease, copy.Step, made.CopyRetained(copy.Slot, copy.Step))),
                    problem => new CopyDone(new RetainedCopied(node, copy.Lease, copy.Step, problem)));
                break;
            case StartLife start when !lives.ContainsKey(start.Life):
                Start(start, from);
                break;
            case TellLife tell when lives.TryGetValue(tell.Life, out var life):
                life.Actor.Tell(tell.Command);
                break;
            case StartWorkerLife start when !lives.ContainsKey(start.Life):
                Start(start, from);
                break;
            case TellWorkerLife tell when lives.TryGetValue(tell.Life, out var life):
                life.Actor.Tell(tell.Command);
                break;
            case TellLife or TellWorkerLife:
                from.Tell(new LifeFailed(command.Life, "Its node does not have it.", null, false) { IsMissing = true });
                break;
            case StopLife stop when lives.TryGetValue(stop.Life, out var life):
                Forget(life);
                life.Abandon();
                Context.Unwatch(life.Actor);
                Context.Stop(life.Actor);
                break;
        }
    }

    private void Start(StartLife start, IActorRef from)
    {
        var life = new TrainerLife(start.Trainer, lease);
        var made = connection!;
        var props = parts.Trainer(life, () => made.MakeDevice(start.Trainer), made.Threads, Self);
        Host(new Hosted(start.Life, Context.ActorOf(props, $"{start.Trainer}-{++born}"), from) { Trainer = life });
    }

    private void Start(StartWorkerLife start, IActorRef from)
    {
        var life = new WorkerLife(start.Worker);
        var made = connection!;
        var props = parts.Worker(life, () => made.MakeWorker(start.Worker), made.Threads, Self);
        Host(new Hosted(start.Life, Context.ActorOf(props, $"{start.Worker}-{++born}"), from) { Worker = life });
    }

    private void Host(Hosted begun)
    {
        lives.Add(begun.Number, begun);
        logic.Lives = [.. lives.Keys];
        hosted.Add(begun.Actor, begun);
        Context.Watch(begun.Actor);
    }

    private void End(IActorRef actor)
    {
        if (!hosted.TryGetValue(actor, out var life))
            return;
        Forget(life);

        // What an actor throws once its connection has ended is no failure of its own.
        if (connection is { Closed.IsCancellationRequested: true } ended)
        {
            Do(logic.Disconnected(logic.Lease, ended.Reason ?? "The connection of the data plane ended.", Now));
            return;
        }

        var (reason, damage, forMemory) = life.Failure ?? LifeFailure.Of(null);
        life.Reports.Tell(new LifeFailed(life.Number, reason, damage, forMemory));
    }

    private void Forget(Hosted life)
    {
        lives.Remove(life.Number);
        hosted.Remove(life.Actor);
        logic.Lives = [.. lives.Keys];
    }

    // Those that hang end when their threads return.
    private void Drop(bool retains = false)
    {
        lease.End();
        lease = new TrainerSupervisorLife();
        foreach (var life in lives.Values)
        {
            life.Worker?.Abandon();
            if (retains && connection is { } lost && life.Trainer is { } trainer)
            {
                trainer.Retain = lost.Retain;
                retiring.Add(life.Actor);
            }
            else
            {
                Context.Unwatch(life.Actor);
            }

            Context.Stop(life.Actor);
        }

        lives.Clear();
        hosted.Clear();
        logic.Lives = [];
        waiting.Clear();
        closing.Dispose();
        connection?.Dispose();
        connection = null;
    }

    // Of a trainer or a worker.
    private sealed class Hosted(long number, IActorRef actor, IActorRef reports)
    {
        public long Number => number;

        public TrainerLife? Trainer { get; init; }

        public WorkerLife? Worker { get; init; }

        public bool IsAbandoned => Trainer?.IsAbandoned ?? Worker!.IsAbandoned;

        public IActorRef Actor => actor;

        public IActorRef Reports => reports;

        public LifeFailure? Failure { get; set; }

        public void Abandon()
        {
            Trainer?.Abandon();
            Worker?.Abandon();
        }
    }

    private sealed record Inspected(NodeInspection? Found, string? Problem) : INoSerializationVerificationNeeded;

    private sealed record Found(string Path, NodeHello Hello) : INoSerializationVerificationNeeded;

    private sealed record NotFound(string Problem) : INoSerializationVerificationNeeded;

    private sealed record CopyDone(RetainedCopied Answer) : INoSerializationVerificationNeeded;

    private sealed record Connected(long Lease, INodeConnection Connection) : INoSerializationVerificationNeeded;

    private sealed record Closed(long Lease, string Reason) : INoSerializationVerificationNeeded;

    private sealed record Wake : INoSerializationVerificationNeeded
    {
        public static readonly Wake Instance = new();
    }
}
