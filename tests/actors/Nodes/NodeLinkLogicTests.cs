using ActorTrain.Actors.Nodes;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Numerics;

namespace ActorTrain.Actors.Tests.Nodes;

public sealed class NodeLinkLogicTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);
    private static readonly NodeKey Node = new("a", 1);

    private static readonly NodeLinkOptions Options =
        new() { Node = Node, Build = "b", Host = "here", ProcessId = 4, Addresses = 2, Seed = 3 };

    private static readonly NodeInspection Found =
        new(1, "cc", "dd", new NumericFingerprint("", "", "", "", "", "cpu"), "cpu", 1);

    private readonly NodeLinkLogic link = new(Options);

    [Fact]
    public void It_dials_all_addresses_ever_more_rarely_and_without_end()
    {
        var now = Start;
        List<(DateTimeOffset At, int Address)> dialled = [];
        for (; now < Start + TimeSpan.FromMinutes(10); now += NodeProtocol.Heartbeat)
            dialled.AddRange(link.Tick(now).OfType<SayHello>().Select(hello => (now, hello.Address)));
        dialled.Select(static dial => dial.Address).ShouldBe(Enumerable.Range(0, dialled.Count).Select(static i => i % 2));
        dialled.Count.ShouldBeInRange(400, 1000);
        for (var i = 1; i < dialled.Count; i++)
            (dialled[i].At - dialled[i - 1].At).ShouldBeLessThan(TimeSpan.FromSeconds(3));
    }

    [Fact]
    public void It_reads_the_run_joins_renews_its_lease_and_obeys_under_it_alone()
    {
        Join(lease: 5);
        link.Lives = [9];
        var heartbeat = link.Tick(Start).ShouldHaveSingleItem().ShouldBeOfType<Answer>().Report.ShouldBeOfType<NodeHeartbeat>();
        (heartbeat.Lease, heartbeat.Lives.Single()).ShouldBe((5, 9));
        var start = new StartLife(1, 5, 9, new TrainerKey(0, 1));
        link.Handle(start, Start).ShouldBe([new Obey(start)]);
        link.Handle(start with { Lease = 4 }, Start).ShouldBeEmpty();
    }

    [Fact]
    public void A_lower_term_than_it_has_seen_is_refused()
    {
        Join(lease: 5, term: 3);
        link.Handle(new StartLife(2, 5, 9, new TrainerKey(0, 1)), Start).OfType<Obey>().ShouldBeEmpty();
        link.Handle(new LeaseEnded(2, 5, "It is over."), Start).ShouldBeEmpty();
        link.Lease.ShouldBe(5);
        link.Handle(new StartLife(4, 5, 9, new TrainerKey(0, 1)), Start).OfType<Obey>().ShouldHaveSingleItem();
        link.Handle(new StartLife(3, 5, 10, new TrainerKey(0, 1)), Start).OfType<Obey>().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("silence")]
    [InlineData("ended")]
    [InlineData("closed")]
    public void When_its_lease_is_over_it_drops_everything_and_says_hello_anew(string how)
    {
        Join(lease: 5);
        var effects = how switch
        {
            "silence" => link.Tick(Start + Timeout),
            "ended" => link.Handle(new LeaseEnded(1, 5, "It is over."), Start + Timeout),
            _ => link.Disconnected(5, "It closed.", Start + Timeout),
        };
        effects.OfType<DropLease>().ShouldHaveSingleItem().Lease.ShouldBe(5);
        effects.OfType<SayHello>().Select(static hello => hello.Hello.Attempt).ShouldBe([2, 2]);
        effects.OfType<Answer>().Count().ShouldBe(how == "closed" ? 1 : 0);
        link.Lease.ShouldBe(0);
        link.Handle(new StartLife(1, 5, 9, new TrainerKey(0, 1)), Start).ShouldBeEmpty();
        link.Disconnected(5, "It closed.", Start).ShouldBeEmpty();
    }

    [Fact]
    public void While_the_data_plane_cannot_be_reached_it_says_hello_ever_more_rarely()
    {
        Join(lease: 5, connect: false);
        var now = Start;
        var hellos = 0;
        for (var lease = 5; now < Start + TimeSpan.FromMinutes(1); now += NodeProtocol.Heartbeat)
        {
            link.Disconnected(link.Lease, "It cannot be reached.", now);
            if (AttemptOf(link.Tick(now)) is not { } attempt)
                continue;
            hellos++;
            link.Handle(new NodeAdmitted(1, attempt, ++lease, "127.0.0.1:9", Timeout), now);
        }

        hellos.ShouldBeInRange(20, 60);
    }

    /// <summary>Otherwise a node and a desk that end each other's leases would do so for ever.</summary>
    [Fact]
    public void An_answer_to_an_earlier_hello_is_ignored()
    {
        Join(lease: 5);
        AttemptOf(link.Handle(new LeaseEnded(1, 5, "a lost its connection."), Start + Timeout)).ShouldBe(2);
        link.Handle(new NodeAdmitted(1, 1, 6, "127.0.0.1:9", Timeout), Start + Timeout).ShouldBeEmpty();
        link.Handle(new NodeParked(1, 1, 6, Timeout), Start + Timeout).ShouldBeEmpty();
        link.Handle(new NodeAdmitted(1, 2, 7, "127.0.0.1:9", Timeout), Start + Timeout).OfType<Connect>().ShouldHaveSingleItem();
        link.Lease.ShouldBe(7);
    }

    [Fact]
    public void A_lease_that_ends_as_soon_as_it_has_begun_is_not_sought_again_at_once()
    {
        Join(lease: 5);
        link.Disconnected(5, "It closed.", Start).OfType<SayHello>().ShouldBeEmpty();
        AttemptOf(link.Tick(Start + TimeSpan.FromSeconds(1))).ShouldBe(2);
    }

    [Fact]
    public void A_refusal_ends_a_node_that_never_joined_and_no_other()
    {
        link.Tick(Start);
        link.Handle(new NodeRefused(1, "No."), Start).ShouldBe([new EndNode("No.")]);
        var joined = new NodeLinkLogic(Options);
        Join(joined, lease: 5);
        joined.Handle(new LeaseEnded(1, 5, "It is over."), Start);
        joined.Handle(new NodeRefused(1, "No."), Start).ShouldBe([new SayToUser("No.", true)]);
        joined.Tick(Start + TimeSpan.FromSeconds(3)).OfType<SayHello>().Count().ShouldBe(2);
        link.Handle(new NodeParked(1, 1, 5, Timeout), Start).ShouldBeEmpty();
    }

    [Fact]
    public void One_that_leaves_says_so_and_ends_once_it_is_answered_or_nobody_answers()
    {
        new NodeLinkLogic(Options).Leave(Start).ShouldBe([new EndNode(null)]);
        foreach (var isAnswered in new[] { true, false })
        {
            var leaving = new NodeLinkLogic(Options);
            Join(leaving, lease: 5);
            leaving.Leave(Start).ShouldBe([new Answer(new NodeLeaves(Node, 5)), new DropLease(5)]);
            leaving.Leave(Start).ShouldBeEmpty();
            var effects = isAnswered ? leaving.Handle(new LeaseEnded(1, 5, "a left."), Start) : leaving.Tick(Start + Options.Farewell);
            effects.ShouldBe([new EndNode(null)]);
        }
    }

    [Fact]
    public void A_run_that_cannot_be_read_refuses_the_node_itself()
    {
        link.Tick(Start);
        link.Handle(new InspectRun(1, 1, "/runs/a", "/data"), Start);
        link.Inspected(null, "There is no run file.", Start).ShouldBe([new EndNode("There is no run file.")]);
    }

    // The same to each address; null if it says no hello.
    private static long? AttemptOf(IReadOnlyList<LinkEffect> effects) =>
        effects.OfType<SayHello>().Select(static hello => (long?)hello.Hello.Attempt).Distinct().SingleOrDefault();

    private void Join(long lease, long term = 1, bool connect = true) => Join(link, lease, term, connect);

    private static void Join(NodeLinkLogic link, long lease, long term = 1, bool connect = true)
    {
        link.Tick(Start).OfType<SayHello>().First().Hello.Inspection.ShouldBeNull();
        link.Handle(new InspectRun(term, 1, "/runs/a", "/data"), Start).OfType<Inspect>().ShouldHaveSingleItem();
        link.Inspected(Found, null, Start).OfType<SayHello>().First().Hello.Inspection.ShouldBe(Found);
        link.Handle(new NodeParked(term, 1, lease, Timeout), Start);
        var admitted = new NodeAdmitted(term, 1, lease, "127.0.0.1:9", Timeout);
        link.Handle(admitted, Start).OfType<Connect>().ShouldHaveSingleItem().Admission.ShouldBe(admitted);
        link.Handle(admitted, Start).ShouldBeEmpty();
        if (connect)
            link.Connected(lease, Start);
    }
}
