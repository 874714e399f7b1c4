using ActorTrain.Actors.Nodes;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Numerics;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Nodes;

/// <summary>The real logic of desk, supervisor and nodes under virtual time: messages are late, lost or doubled, processes are killed,
/// stopped and woken, the desk fails. Afterwards, all trainers live, each once, where the desk believes.</summary>
public sealed class NodeSimulationTests
{
    private const int Trainers = 4;
    private static readonly TimeSpan Faults = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Peace = TimeSpan.FromSeconds(40);

    [Fact]
    public void After_any_schedule_of_faults_every_trainer_lives_once_on_a_node_that_has_a_lease()
    {
        for (var seed = 1; seed <= 200; seed++)
            new World(seed).Run();
    }

    private sealed class World
    {
        private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        private static readonly NumericFingerprint Fingerprint = new("", "", "", "", "", "cpu");
        private readonly int seed;
        private readonly Random random;
        private readonly PriorityQueue<Action, (DateTimeOffset, long)> due = new();
        private readonly Dictionary<string, Node> nodes = [];
        private readonly Dictionary<TrainerKey, NodeLife> lives = [];
        private readonly TrainerSupervisorLogic supervisor = new(
            new TrainerSupervisorOptions { MaxLosses = 0 }, seeksPlaces: true);
        private NodeRosterLogic roster;
        private DateTimeOffset now = Start;
        private long order;
        private long leasesFrom = 1000;
        private bool isCalm;

        public World(int seed)
        {
            this.seed = seed;
            random = new Random(seed);
            roster = NewRoster();
        }

        public void Run()
        {
            for (var i = 1; i <= 3; i++)
                Begin($"n{i}", 1);
            for (var i = 0; i < Trainers; i++)
                Supervise(supervisor.Handle(new StartTrainer(i, 0), now));
            After(NodeProtocol.Heartbeat, TickDesk);
            After(TimeSpan.FromSeconds(1), Break);
            RunUntil(Start + Faults);
            isCalm = true;
            foreach (var node in nodes.Values)
                node.IsStopped = false;
            RunUntil(Start + Faults + Peace);
            lives.Count.ShouldBe(Trainers, $"seed {seed}");
            foreach (var life in lives.Values)
            {
                nodes[life.Place.Node.Name].Link.Lease.ShouldBe(life.Place.Lease, $"seed {seed}");
                nodes[life.Place.Node.Name].Lives.ShouldContain(life.Place.Place, $"seed {seed}");
            }

            nodes.Values.Sum(static node => node.Lives.Count).ShouldBe(Trainers, $"seed {seed}");
        }

        private NodeRosterLogic NewRoster() => new(new NodeRosterOptions
        {
            Term = 1,
            Build = "b",
            Run = "/runs/a",
            Data = "/data",
            ConfigurationHash = "c",
            DataHash = "d",
            Fingerprint = Fingerprint,
            DataPlane = "127.0.0.1:9",
            LeasesFrom = leasesFrom += 1000,
            OwnNodes = 3,
        });

        private void RunUntil(DateTimeOffset end)
        {
            while (due.TryPeek(out var act, out var at) && at.Item1 <= end)
            {
                due.Dequeue();
                now = at.Item1;
                act();
            }
        }

        private void After(TimeSpan wait, Action act) => due.Enqueue(act, (now + wait, order++));

        // A connection keeps the order of its messages.
        private void Send(Action act, Node node)
        {
            if (!isCalm && random.Next(50) == 0)
                return;
            var at = now + TimeSpan.FromMilliseconds(isCalm ? 1 : random.Next(1, 400));
            node.LastArrival = at > node.LastArrival ? at : node.LastArrival;
            After(node.LastArrival - now, act);
            if (!isCalm && random.Next(50) == 0)
                After(node.LastArrival - now, act);
        }

        private void Break()
        {
            if (isCalm)
                return;
            var name = $"n{random.Next(1, 4)}";
            var node = nodes[name];
            switch (random.Next(5))
            {
                case 0 or 1:
                    node.IsKilled = true;
                    var process = (int)node.Key.Incarnation;
                    After(TimeSpan.FromMilliseconds(random.Next(50)), () =>
                        Do(roster.EndProcess(name, process, "It was killed.", now)));
                    StartAgain(node);
                    break;
                case 2:
                    node.IsStopped = true;
                    After(TimeSpan.FromMilliseconds(random.Next(5000)), () => node.IsStopped = false);
                    break;
                case 3 when node.Link.Lease is > 0 and var lease:
                    Do(roster.Disconnect(name, lease, "It closed.", now));
                    break;
                case 4 when random.Next(4) == 0:
                    roster = NewRoster();
                    foreach (var (key, _) in lives.ToList())
                        End(key, new LifeFailure("The desk failed.") { Node = NodeEnd.Lost });
                    for (var i = 0; i < Trainers; i++)
                        Supervise(supervisor.Handle(new StartTrainer(i, 0), now));
                    break;
            }

            After(TimeSpan.FromMilliseconds(random.Next(3000)), Break);
        }

        // Once, however often it ended.
        private void StartAgain(Node ended) => After(TimeSpan.FromMilliseconds(500), () =>
        {
            if (nodes[ended.Key.Name] == ended)
                Begin(ended.Key.Name, ended.Key.Incarnation + 1);
        });

        private void Begin(string name, long incarnation)
        {
            var node = new Node(name, incarnation, random.Next());
            nodes[name] = node;
            TickNode(node);
        }

        private void TickNode(Node node)
        {
            if (node.IsKilled)
                return;
            if (!node.IsStopped)
            {
                foreach (var act in node.Inbox.ToList())
                    act();
                node.Inbox.Clear();
                node.Link.Lives = [.. node.Lives];
                Obey(node, node.Link.Tick(now));
            }

            After(NodeProtocol.Heartbeat, () => TickNode(node));
        }

        private void TickDesk()
        {
            Do(roster.Tick(now));
            Supervise(supervisor.Tick(now));
            After(NodeProtocol.Heartbeat, TickDesk);
        }

        private void Obey(Node node, IReadOnlyList<LinkEffect> effects)
        {
            foreach (var effect in effects)
            {
                switch (effect)
                {
                    case SayHello hello:
                        Send(() => Do(roster.Handle(hello.Hello, now)), node);
                        break;
                    case Answer answer:
                        Send(() => Do(roster.Handle(answer.Report, now)), node);
                        break;
                    case Inspect inspect:
                        var found = new NodeInspection(inspect.Run.Reading, "c", "d", Fingerprint, "cpu", 1);
                        Deliver(node, () => Obey(node, node.Link.Inspected(found, null, now)));
                        break;
                    case Connect connect:
                        Deliver(node, () => Obey(node, node.Link.Connected(connect.Admission.Lease, now)));
                        break;
                    case Obey { Command: StartLife start }:
                        node.Lives.Add(start.Life);
                        break;
                    case Obey { Command: StopLife stop }:
                        node.Lives.Remove(stop.Life);
                        break;
                    case Obey { Command: TellLife tell } when !node.Lives.Contains(tell.Life):
                        Send(() =>
                        {
                            foreach (var (key, _) in lives.Where(pair => pair.Value.Place.Place == tell.Life).ToList())
                                End(key, new LifeFailure("Its node does not have it.") { Node = NodeEnd.Lost });
                        }, node);
                        break;
                    case DropLease:
                        node.Lives.Clear();
                        break;
                    case EndNode:
                        // Its predecessor still had the name: it is started again.
                        node.IsKilled = true;
                        StartAgain(node);
                        break;
                }
            }
        }

        private void Do(IReadOnlyList<NodeEffect> effects)
        {
            foreach (var effect in effects)
            {
                switch (effect)
                {
                    case TellNode(var key, var command) when nodes.TryGetValue(key.Name, out var node) && node.Key == key:
                        Send(() => Deliver(node, () => Obey(node, node.Link.Handle(command, now))), node);
                        break;
                    case GivePlace given:
                        Supervise(supervisor.Placed(given.Post.Number, new Place(given), now));
                        break;
                    case EndPlace ended:
                        foreach (var (life, _) in lives.Where(pair => pair.Value.Place.Place == ended.Place).ToList())
                            End(life, new LifeFailure(ended.Reason) { Node = ended.End });
                        break;
                }
            }
        }

        private void Supervise(IReadOnlyList<TrainerSupervisorEffect> effects)
        {
            foreach (var effect in effects)
            {
                switch (effect)
                {
                    case TellPlaces { Message: SeekPlace seek }:
                        Do(roster.Seek(new PlacePost(1, seek.Role, seek.Number), now));
                        break;
                    case TellPlaces { Message: LeavePlace { Place: Place place } }:
                        Do(roster.Leave(place.Given.Place, now));
                        break;
                    case SpawnTrainer { Place: Place place, Trainer: var life }:
                        lives.Add(life, new NodeLife(place.Given));
                        Do(roster.Occupy(place.Given.Place, life.Id, now));
                        Tell(place.Given, new StartLife(1, place.Given.Lease, place.Given.Place, life));
                        Remind(life, place.Given);
                        break;
                    case TellRun { Report: TrainerGivenUp given }:
                        throw new InvalidOperationException($"Seed {seed}: {given.Report}");
                }
            }
        }

        // As the run does, while it waits for an answer.
        private void Remind(TrainerKey life, GivePlace place) => After(TimeSpan.FromSeconds(2), () =>
        {
            if (!lives.ContainsKey(life))
                return;
            Tell(place, new TellLife(1, place.Lease, place.Place, new Evaluate(0)));
            Remind(life, place);
        });

        private void End(TrainerKey key, LifeFailure failure)
        {
            if (!lives.Remove(key, out var life))
                return;
            Tell(life.Place, new StopLife(1, life.Place.Lease, life.Place.Place));
            Do(roster.Leave(life.Place.Place, now));
            Supervise(supervisor.Ended(key, failure, now));
        }

        private void Tell(GivePlace place, LeaseCommand command)
        {
            if (nodes.TryGetValue(place.Node.Name, out var node) && node.Key == place.Node)
                Send(() => Deliver(node, () => Obey(node, node.Link.Handle(command, now))), node);
        }

        private static void Deliver(Node node, Action act)
        {
            if (node.IsStopped)
                node.Inbox.Add(act);
            else if (!node.IsKilled)
                act();
        }

        private sealed class Node(string name, long incarnation, int seed)
        {
            public NodeKey Key { get; } = new(name, incarnation);

            public NodeLinkLogic Link { get; } = new(new NodeLinkOptions
            {
                Node = new NodeKey(name, incarnation),
                Build = "b",
                Host = "here",
                ProcessId = (int)incarnation,
                Addresses = 1,
                Seed = seed,
            });

            public HashSet<long> Lives { get; } = [];

            public List<Action> Inbox { get; } = [];

            public DateTimeOffset LastArrival { get; set; }

            public bool IsStopped { get; set; }

            public bool IsKilled { get; set; }
        }

        private sealed record NodeLife(GivePlace Place);

        private sealed record Place(GivePlace Given) : LifePlace(Given.Node.Name);
    }
}
