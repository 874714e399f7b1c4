using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Actors.Training;
using ActorTrain.Persistence.Journal;
using Akka.Actor;

namespace ActorTrain.Actors.Nodes;

/// <summary>Keeps the nodes of a run: admits and leases them, and finds places for trainers and workers of rollouts.</summary>
/// <remarks>Its logic is in <see cref="NodeRosterLogic"/>. Nodes find it by its name. If it fails, all leases are over and nodes say hello
/// again.</remarks>
public sealed class NodeDesk : TracedActor, IWithTimers
{
    private readonly NodeRosterLogic logic;
    private readonly NodeRosterOptions options;
    private readonly DataPlaneServer plane;
    private readonly Action<string, bool> notify;
    private readonly Dictionary<NodeKey, IActorRef> agents = [];
    private readonly Dictionary<IActorRef, int> supervisors = [];
    private readonly Dictionary<long, IActorRef> lives = [];
    private IActorRef searcher = ActorRefs.Nobody;
    private int lastSupervisor;
    private Action<DataPlaneNode, string>? connectionEnded;

    /// <param name="options">Called once per life of the actor.</param>
    /// <param name="plane">Not owned.</param>
    /// <param name="notify">Tells the user; whether it is a warning. Thread-safe, and must not throw.</param>
    public NodeDesk(Func<NodeRosterOptions> options, DataPlaneServer plane, Action<string, bool> notify)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options();
        this.plane = plane;
        this.notify = notify;
        logic = new NodeRosterLogic(this.options);
        Receive<NodeReport>(RefuseImpostor, static report => Context.Sender.Path.Address.Host != report.Node.Name);
        Receive<NodeReport>(report =>
        {
            agents[report.Node] = Sender;
            Do(logic.Handle(report, Now));
            if (!logic.Knows(report.Node))
                agents.Remove(report.Node);
        });
        Receive<SeekPlace>(seek => Do(logic.Seek(PostOf(seek.Role, seek.Number), Now)));
        Receive<ForgetPlace>(forget => Do(logic.Forget(PostOf(forget.Role, forget.Number), Now)));
        Receive<LeavePlace>(leave => Leave((NodePlace)leave.Place));
        Receive<OccupyPlace>(occupy =>
        {
            lives[occupy.Place] = Sender;
            Do(logic.Occupy(occupy.Place, occupy.Life, Now));
        });
        Receive<NodeProcessEnded>(ended => Do(logic.EndProcess(ended.Node, ended.ProcessId, ended.Reason, Now)));
        Receive<ConnectionEnded>(ended => Do(logic.Disconnect(ended.Node, ended.Lease, ended.Reason, Now)));
        Receive<SearchStates>(_ =>
        {
            searcher = Sender;
            foreach (var hello in logic.Hellos)
                searcher.Tell(new NodeCame(hello));
        });
        Receive<FetchState>(fetch => Do(logic.Fetch(fetch.Node, fetch.Slot, fetch.Step, Now)));
        Receive<GetNodes>(_ => Sender.Tell(logic.Status(Now)));
        Receive<Terminated>(ended =>
        {
            if (supervisors.Remove(ended.ActorRef, out var number))
                Do(logic.EndSupervisor(number, Now));
        });
        Receive<Wake>(_ =>
        {
            Do(logic.Tick(Now));
            foreach (var gone in agents.Keys.Where(node => !logic.Knows(node)).ToList())
                agents.Remove(gone);
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private static DateTimeOffset Now => SteadyClock.Of(Context.System).Now;

    protected override void PreStart()
    {
        var self = Self;
        connectionEnded = (node, reason) => self.Tell(new ConnectionEnded(node.Name, node.Incarnation, reason), ActorRefs.NoSender);
        plane.NodeGone += connectionEnded;
        Timers.StartPeriodicTimer(nameof(Wake), Wake.Instance, NodeProtocol.Heartbeat);
    }

    protected override void PostStop()
    {
        plane.NodeGone -= connectionEnded;
        foreach (var life in lives.Values)
            life.Tell(new PlaceEnded(NodeEnd.Lost, "The desk of the nodes failed."));
    }

    // A node's actor system is called by its name, of which its certificate is the proof.
    private void RefuseImpostor(NodeReport report)
    {
        if (report is not NodeHello hello)
            return;
        var (refusal, effects) = logic.RefuseImpostor(hello, Sender.Path.Address.Host ?? "", Now);
        Sender.Tell(refusal);
        Do(effects);
    }

    private PlacePost PostOf(ActorRole role, int actor)
    {
        if (!supervisors.TryGetValue(Sender, out var number))
        {
            supervisors.Add(Sender, number = ++lastSupervisor);
            Context.Watch(Sender);
        }

        return new PlacePost(number, role, actor);
    }

    private void Leave(NodePlace place)
    {
        lives.Remove(place.Number);
        Do(logic.Leave(place.Number, Now));
    }

    private void Do(IReadOnlyList<NodeEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case TellNode(var node, var command) when agents.TryGetValue(node, out var agent):
                    agent.Tell(command);
                    break;
                case GivePlace(var post, var place, var node, var lease):
                    supervisors.First(pair => pair.Value == post.Supervisor).Key.Tell(
                        new PlaceFound(post.Role, post.Number, new NodePlace(node.Name, place, lease, options.Term, agents[node])));
                    break;
                case EndPlace(var place, var end, var reason) when lives.Remove(place, out var life):
                    life.Tell(new PlaceEnded(end, reason));
                    break;
                case EndConnection(var node, var lease, var reason):
                    plane.Disconnect(node.Name, lease, reason);
                    break;
                case NodeCame or NodeWent or NodeCopied:
                    searcher.Tell(effect);
                    break;
                case NodeNotice(var sentence, var isWarning):
                    notify(sentence, isWarning);
                    break;
            }
        }
    }

    private sealed record ConnectionEnded(string Node, long Lease, string Reason) : INoSerializationVerificationNeeded;

    private sealed record Wake : INoSerializationVerificationNeeded
    {
        public static readonly Wake Instance = new();
    }
}
