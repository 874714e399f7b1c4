using ActorTrain.Actors.Nodes;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Numerics;
using ActorTrain.Persistence.Certificates;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Nodes;

public sealed class NodeRosterLogicTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly NumericFingerprint Fingerprint = new("2.10.0", "MKL", "oneDNN", "AVX2", "AVX-512", "cpu");

    private static readonly NodeRosterOptions Options = new()
    {
        Term = 7,
        Build = "b1",
        Run = "/runs/book",
        Data = "/data/book",
        ConfigurationHash = "cc",
        DataHash = "dd",
        Fingerprint = Fingerprint,
        DataPlane = "127.0.0.1:9",
        LeasesFrom = 1000,
    };

    [Fact]
    public void A_node_reads_the_run_and_is_parked_until_a_trainer_needs_a_place()
    {
        var roster = new NodeRosterLogic(Options);
        Told(roster.Handle(Hello("a", inspected: false), Start)).ShouldBe([new InspectRun(7, 1000, "/runs/book", "/data/book")]);
        roster.Status(Start).Nodes.ShouldBeEmpty();
        Told(roster.Handle(Hello("a"), Start)).ShouldBe([new NodeParked(7, 1, 1001, Options.Timeout)]);
        var effects = roster.Seek(new PlacePost(1, ActorRole.Trainer, 0), Start);
        Told(effects).ShouldBe([new NodeAdmitted(7, 1, 1001, "127.0.0.1:9", Options.Timeout)]);
        effects.OfType<GivePlace>().ShouldHaveSingleItem().ShouldBe(new GivePlace(new PlacePost(1, ActorRole.Trainer, 0), 1001, Key("a"), 1001));

        // The same question has the same answer.
        roster.Seek(new PlacePost(1, ActorRole.Trainer, 0), Start).OfType<GivePlace>().Single().Place.ShouldBe(1001);
        Told(roster.Handle(Hello("a"), Start)).ShouldBe([new NodeAdmitted(7, 1, 1001, "127.0.0.1:9", Options.Timeout)]);

        // An answer that was lost is repeated.
        Told(roster.Handle(new NodeHeartbeat(Key("a"), 1001, false, 0, []), Start))
            .ShouldBe([new LeaseRenewed(7, 1001), new NodeAdmitted(7, 1, 1001, "127.0.0.1:9", Options.Timeout)]);
        Told(roster.Handle(new NodeHeartbeat(Key("a"), 1001, true, 0, [1001]), Start)).ShouldBe([new LeaseRenewed(7, 1001)]);
    }

    [Theory]
    [InlineData("protocol", "version 9 of the protocol")]
    [InlineData("build", "another build")]
    [InlineData("configuration", "The run file of /runs/book")]
    [InlineData("data", "The data of a is not that of the run")]
    [InlineData("fingerprint", "would compute other bits")]
    [InlineData("name", "The name of a node")]
    [InlineData("twin", "A node named a is in the run already")]
    public void A_node_that_does_not_fit_is_refused_with_a_sentence_and_told_of_once(string what, string words)
    {
        var roster = new NodeRosterLogic(Options);
        var good = Hello("a");
        var found = good.Inspection!;
        var bad = what switch
        {
            "protocol" => good with { Protocol = 9 },
            "build" => good with { Build = "b2" },
            "configuration" => good with { Inspection = found with { ConfigurationHash = "xx" } },
            "data" => good with { Inspection = found with { DataHash = "xx" } },
            "fingerprint" => good with { Inspection = found with { Fingerprint = Fingerprint with { Kernels = "AVX2" } } },
            "name" => good with { Node = new NodeKey("a\nb", 1) },
            _ => good with { Node = new NodeKey("a", 2) },
        };
        if (what == "twin")
            roster.Handle(good, Start);
        for (var i = 0; i < 3; i++)
        {
            var effects = roster.Handle(bad, Start);
            Told(effects).ShouldHaveSingleItem().ShouldBeOfType<NodeRefused>().Reason.ShouldContain(words);
            effects.OfType<NodeNotice>().Count().ShouldBe(i == 0 ? 1 : 0);
        }

        roster.Status(Start).Refused.ShouldBe(3);
        roster.Status(Start).LastRefusal!.ShouldContain(words);
        roster.Status(Start).Nodes.Count.ShouldBe(what == "twin" ? 1 : 0);
    }

    [Fact]
    public void Trainers_go_to_the_node_with_the_fewest_and_wait_without_limit_where_there_is_no_room()
    {
        var roster = new NodeRosterLogic(Options with { OwnNodes = 3 });
        foreach (var name in new[] { "b", "a" })
            roster.Handle(Hello(name), Start);
        var given = Enumerable.Range(0, 3).SelectMany(i => roster.Seek(new PlacePost(1, ActorRole.Trainer, i), Start)).OfType<GivePlace>().ToList();
        given.Select(static place => place.Node.Name).ShouldBe(["a", "b"]);
        roster.Status(Start).Waiting.ShouldBe(1);
        roster.Handle(Hello("c"), Start).OfType<GivePlace>().Single().Node.ShouldBe(Key("c"));

        // More trainers than nodes: the share grows. Surplus nodes are parked.
        roster.Seek(new PlacePost(1, ActorRole.Trainer, 3), Start).OfType<GivePlace>().Single().Node.ShouldBe(Key("a"));
        Told(roster.Handle(Hello("d") with { Room = 1 }, Start)).ShouldHaveSingleItem().ShouldBeOfType<NodeParked>();
        roster.Leave(given[0].Place, Start).ShouldBeEmpty();
        roster.Leave(given[0].Place, Start).ShouldBeEmpty();
    }

    [Fact]
    public void Workers_of_rollouts_go_to_the_node_with_the_fewest_that_takes_them_and_some_move_to_one_that_joins()
    {
        var roster = new NodeRosterLogic(Options);
        roster.Handle(Hello("trains") with { Roles = NodeRoles.Worker }, Start);
        roster.Seek(new PlacePost(2, ActorRole.Rollout, 0), Start).OfType<GivePlace>().ShouldBeEmpty();
        (roster.Status(Start).Waiting, roster.Status(Start).WaitingWorkers).ShouldBe((0, 1));

        // Who waits holds nobody else up.
        roster.Seek(new PlacePost(1, ActorRole.Trainer, 0), Start).OfType<GivePlace>().Single().Node.ShouldBe(Key("trains"));
        roster.Handle(Hello("a") with { Roles = NodeRoles.Rollout }, Start).OfType<GivePlace>().Single().Node.ShouldBe(Key("a"));
        roster.Seek(new PlacePost(1, ActorRole.Trainer, 1), Start).OfType<GivePlace>().Single().Node.ShouldBe(Key("trains"));
        foreach (var role in new[] { ActorRole.Reward, ActorRole.Reference })
            roster.Seek(new PlacePost(2, role, 0), Start).OfType<GivePlace>().Single().Node.ShouldBe(Key("a"));
        var sampler = roster.Seek(new PlacePost(2, ActorRole.Rollout, 1), Start).OfType<GivePlace>().Single();
        roster.Occupy(sampler.Place, new ActorId(ActorRole.Rollout, 1), Start);

        // Of four, two move, samplers first.
        var moved = roster.Handle(Hello("b"), Start).OfType<EndPlace>().ToList();
        moved.ShouldAllBe(static place => place.End == NodeEnd.Moved);
        moved.Select(static place => place.Place).ShouldBe([sampler.Place, sampler.Place - 4]);
        foreach (var number in new[] { 0, 1 })
            roster.Seek(new PlacePost(2, ActorRole.Rollout, number), Start).OfType<GivePlace>().Single().Node.ShouldBe(Key("b"));
        roster.Handle(Hello("c") with { Roles = NodeRoles.Rollout }, Start).OfType<EndPlace>().Count().ShouldBe(1);
    }

    [Fact]
    public void That_nobody_hosts_rollouts_is_told_once_after_a_while()
    {
        var roster = new NodeRosterLogic(Options);
        roster.Seek(new PlacePost(1, ActorRole.Rollout, 0), Start);
        List<NodeNotice> told = [];
        for (var seconds = 0.0; seconds < 20; seconds += 0.25)
            told.AddRange(roster.Tick(Start + TimeSpan.FromSeconds(seconds)).OfType<NodeNotice>());
        told.ShouldHaveSingleItem().Sentence.ShouldContain("1 worker waits");

        // Again, once somebody did in the meantime.
        var now = Start + TimeSpan.FromSeconds(20);
        var place = roster.Handle(Hello("a"), now).OfType<GivePlace>().Single();
        roster.Tick(now);
        roster.Disconnect("a", place.Lease, "It closed.", now);
        roster.Seek(new PlacePost(1, ActorRole.Rollout, 0), now);
        roster.Tick(now += TimeSpan.FromSeconds(1)).ShouldBeEmpty();
        for (var i = 0; i < 20; i++)
            told.AddRange(roster.Tick(now += NodeProtocol.Heartbeat).OfType<NodeNotice>());
        told.Count.ShouldBe(2);
    }

    [Fact]
    public void A_silent_node_is_lost_with_its_places_and_what_it_says_later_is_stale()
    {
        var roster = new NodeRosterLogic(Options);
        roster.Handle(Hello("a"), Start);
        var place = roster.Seek(new PlacePost(1, ActorRole.Trainer, 0), Start).OfType<GivePlace>().Single();
        roster.Occupy(place.Place, ActorId.Trainer(0), Start).ShouldBeEmpty();
        var now = Start;
        for (var i = 0; i < 20; i++)
        {
            now += NodeProtocol.Heartbeat;
            Told(roster.Handle(new NodeHeartbeat(Key("a"), place.Lease, true, i, [place.Place]), now))
                .ShouldBe([new LeaseRenewed(7, place.Lease)]);
            roster.Tick(now).ShouldBeEmpty();
        }

        roster.Status(now).Nodes.Single().Trainers.ShouldBe([new TrainerKey(0, 1)]);
        var effects = Silence(roster, ref now);
        effects.OfType<EndPlace>().Single().ShouldBe(new EndPlace(place.Place, NodeEnd.Lost, "No heartbeat of a for 2 s."));
        effects.OfType<EndConnection>().Single().Lease.ShouldBe(place.Lease);
        Told(roster.Handle(new NodeHeartbeat(Key("a"), place.Lease, true, 99, []), now)).Single().ShouldBeOfType<LeaseEnded>()
            .Lease.ShouldBe(place.Lease);

        // It is admitted anew, under another lease.
        Told(roster.Handle(Hello("a") with { Attempt = 2 }, now)).Single().ShouldBeOfType<NodeParked>().Lease.ShouldBeGreaterThan(place.Lease);
        roster.Status(now).Nodes.Single().LastFault.ShouldBe("No heartbeat of a for 2 s.");
    }

    [Fact]
    public void A_life_that_the_run_knows_nothing_of_is_stopped()
    {
        var roster = new NodeRosterLogic(Options);
        roster.Handle(Hello("a"), Start);
        var place = roster.Seek(new PlacePost(1, ActorRole.Trainer, 0), Start).OfType<GivePlace>().Single();
        Told(roster.Handle(new NodeHeartbeat(Key("a"), place.Lease, true, 0, [place.Place, 3]), Start))
            .ShouldBe([new LeaseRenewed(7, place.Lease), new StopLife(7, place.Lease, 3)]);
    }

    [Fact]
    public void After_a_pause_of_its_own_the_roster_loses_no_node()
    {
        var roster = new NodeRosterLogic(Options);
        roster.Handle(Hello("a"), Start);
        roster.Tick(Start);
        roster.Tick(Start + TimeSpan.FromSeconds(60)).ShouldBeEmpty();
        var now = Start + TimeSpan.FromSeconds(60);
        Silence(roster, ref now).OfType<NodeNotice>().ShouldNotBeEmpty();
    }

    [Fact]
    public void The_end_of_a_process_or_of_a_connection_is_known_at_once_and_concerns_only_its_own_lease()
    {
        var roster = new NodeRosterLogic(Options);
        roster.Handle(Hello("a"), Start);
        var place = roster.Seek(new PlacePost(1, ActorRole.Trainer, 0), Start).OfType<GivePlace>().Single();
        roster.Disconnect("a", place.Lease - 1, "It closed.", Start).ShouldBeEmpty();
        roster.EndProcess("a", 5, "It was killed.", Start).ShouldBeEmpty();
        roster.Disconnect("a", place.Lease, "It closed.", Start).OfType<EndPlace>().Single().Reason.ShouldBe("It closed.");
        roster.Handle(Hello("a") with { Node = new NodeKey("a", 2) }, Start);
        roster.EndProcess("a", 4, "It was killed.", Start).OfType<NodeNotice>().Single().Sentence.ShouldBe("lost a: It was killed.");
    }

    [Fact]
    public void A_node_that_leaves_is_not_lost_and_a_supervisor_that_ends_frees_its_places()
    {
        var roster = new NodeRosterLogic(Options);
        roster.Handle(Hello("a"), Start);
        roster.Handle(Hello("b") with { Room = 1 }, Start);
        var place = roster.Seek(new PlacePost(1, ActorRole.Trainer, 0), Start).OfType<GivePlace>().Single();
        var effects = roster.Handle(new NodeLeaves(Key("a"), place.Lease), Start);
        effects.OfType<EndPlace>().Single().End.ShouldBe(NodeEnd.Left);
        var left = roster.Status(Start).Nodes[0];
        (left.State, left.Losses, left.LastFault).ShouldBe((NodeState.Left, 0, null));
        roster.Seek(new PlacePost(1, ActorRole.Trainer, 0), Start).OfType<GivePlace>().Single().Node.ShouldBe(Key("b"));
        roster.Seek(new PlacePost(2, ActorRole.Trainer, 0), Start);
        roster.EndSupervisor(1, Start).OfType<GivePlace>().Single().Post.Supervisor.ShouldBe(2);
    }

    /// <summary>Whatever happens, each place is on a node that has its lease, no node has more than its room, nobody waits while there is
    /// room, and no lease is given twice.</summary>
    [Fact]
    public void Under_random_events_every_place_is_on_a_leased_node_with_room()
    {
        for (var seed = 1; seed <= 300; seed++)
            Explore(seed);
    }

    private static void Explore(int seed)
    {
        var random = new Random(seed);
        var roster = new NodeRosterLogic(Options with { OwnNodes = random.Next(4) });
        var now = Start;
        var leases = new HashSet<long>();
        var live = new Dictionary<string, long>();
        var attempts = new Dictionary<string, long>();
        var places = new Dictionary<long, (PlacePost Post, string Node)>();
        var wanted = new HashSet<PlacePost>();
        for (var i = 0; i < 200; i++)
        {
            now += TimeSpan.FromMilliseconds(random.Next(250));
            var name = $"n{random.Next(5)}";
            var post = new PlacePost(1, random.Next(2) == 0 ? ActorRole.Trainer : ActorRole.Rollout, random.Next(6));
            switch (random.Next(9))
            {
                case 0 or 1:
                    attempts[name] = attempts.GetValueOrDefault(name) + 1;
                    Take(roster.Handle(Hello(name) with { Attempt = attempts[name], Room = name == "n4" ? 1 : 0 }, now));
                    break;
                case 2 or 3 when live.TryGetValue(name, out var lease):
                    Take(roster.Handle(new NodeHeartbeat(Key(name), lease, true, i, []), now));
                    break;
                case 4 when live.TryGetValue(name, out var lease):
                    Take(roster.Disconnect(name, lease, "It closed.", now));
                    break;
                case 5 when !places.Values.Any(place => place.Post == post):
                    wanted.Add(post);
                    Take(roster.Seek(post, now));
                    break;
                case 6 when places.Count > 0:
                    var left = places.Keys.ElementAt(random.Next(places.Count));
                    places.Remove(left);
                    Take(roster.Leave(left, now));
                    break;
                case 7 when live.TryGetValue(name, out var lease):
                    Take(roster.Handle(new NodeLeaves(Key(name), lease), now));
                    break;
                default:
                    Take(roster.Tick(now));
                    break;
            }

            var status = roster.Status(now);
            (status.Waiting + status.WaitingWorkers).ShouldBe(wanted.Count, $"seed {seed}");
            places.Values.ShouldAllBe(place => live.ContainsKey(place.Node), $"seed {seed}");
            if (places.Values.Count(static place => place.Node == "n4" && place.Post.Trains) > 1)
                throw new InvalidOperationException($"Seed {seed}: n4 has more trainers than it takes.");
            if (status.Nodes.Any(static node => node.State == NodeState.Parked) && status.Waiting + status.WaitingWorkers > 0)
                throw new InvalidOperationException($"Seed {seed}: a trainer waits, and a node is parked.");
        }

        void Take(IReadOnlyList<NodeEffect> effects)
        {
            foreach (var effect in effects)
            {
                switch (effect)
                {
                    case TellNode { Node: var node, Command: NodeParked parked }:
                        leases.Add(parked.Lease).ShouldBeTrue($"seed {seed}");
                        live[node.Name] = parked.Lease;
                        break;
                    case TellNode { Node: var node, Command: NodeAdmitted admitted }:
                        if (live.GetValueOrDefault(node.Name) != admitted.Lease)
                            leases.Add(admitted.Lease).ShouldBeTrue($"seed {seed}");
                        live[node.Name] = admitted.Lease;
                        break;
                    case TellNode { Node: var node, Command: LeaseEnded ended } when live.GetValueOrDefault(node.Name) == ended.Lease:
                        live.Remove(node.Name);
                        break;
                    case GivePlace given:
                        wanted.Remove(given.Post);
                        live[given.Node.Name].ShouldBe(given.Lease, $"seed {seed}");
                        places.Add(given.Place, (given.Post, given.Node.Name));
                        break;
                    case EndPlace ended:
                        places.Remove(ended.Place);
                        break;
                }
            }
        }
    }

    private static List<NodeEffect> Silence(NodeRosterLogic roster, ref DateTimeOffset now)
    {
        List<NodeEffect> effects = [];
        for (var i = 0; i < 9; i++)
        {
            now += NodeProtocol.Heartbeat;
            effects.AddRange(roster.Tick(now));
        }

        return effects;
    }

    private static NodeKey Key(string name) => new(name, 1);

    private static NodeHello Hello(string name, bool inspected = true) => new(
        Key(name), 1, NodeProtocol.Version, "b1", "here", 4, 0, inspected ? new NodeInspection(1000, "cc", "dd", Fingerprint, "cpu", 1) : null);

    private static List<NodeCommand> Told(IReadOnlyList<NodeEffect> effects) =>
        [.. effects.OfType<TellNode>().Select(static tell => tell.Command)];
}
