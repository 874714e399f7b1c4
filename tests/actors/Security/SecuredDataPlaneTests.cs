using System.Net;
using System.Net.Sockets;
using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Security;
using ActorTrain.Actors.Tests.DataPlane;
using ActorTrain.Models.Lanes;
using ActorTrain.Persistence.Certificates;
using static ActorTrain.Actors.Tests.DataPlane.DataPlaneWorld;

namespace ActorTrain.Actors.Tests.Security;

/// <summary>With certificates, only nodes of the cluster exchange gradients, and whoever else comes is one line in the log.</summary>
public sealed class SecuredDataPlaneTests : IDisposable
{
    // More than a frame holds.
    private const long Length = 700_000;
    private readonly TestCluster cluster = new();
    private readonly DataPlaneWorld world;
    private readonly DataPlaneClient good;
    private int rounds;

    public SecuredDataPlaneTests()
    {
        world = new DataPlaneWorld(Length, security: cluster.Of("leader", NodeRoles.Control));
        good = world.Connect("good", DataPlaneMedium.Tcp, security: cluster.Of("good"));
    }

    public void Dispose()
    {
        good.Dispose();
        world.Dispose();
        cluster.Dispose();
    }

    [Fact]
    public void Gradients_travel_encrypted_to_the_same_bits()
    {
        GoodStillWorks();
        using var shared = world.Connect("shared", DataPlaneMedium.Shared, security: cluster.Of("shared"));
        Works(shared);

        // Who may lead may start nodes under any name.
        using var own = world.Connect("node-1", DataPlaneMedium.Tcp, security: cluster.Of("other-leader", NodeRoles.Control));
        Works(own);
    }

    [Fact]
    public void A_certificate_of_another_role_name_authority_or_time_is_refused()
    {
        Refuses("good-2", cluster.Of("bad"));
        Refuses("old", cluster.Expired("old"));
        Refuses("early", cluster.OfTomorrow("early"));
        Refuses("elsewhere", cluster.Of("elsewhere", NodeRoles.Worker, IPAddress.Parse("10.9.9.9")));
        using (var others = new TestCluster())
        {
            // It does not know this one, either.
            Refuses("foreign", others.Of("foreign"));
        }

        GoodStillWorks();
        world.Log.Lines.Count(static line => line.Contains(" is closed", StringComparison.Ordinal)).ShouldBe(5);
        world.Log.Lines.ShouldContain(static line => line.Contains("The certificate is of bad, but it calls itself good-2"));
        world.Log.Lines.ShouldContain(static line => line.Contains("The certificate of old expired on"));
        world.Log.Lines.ShouldContain(static line => line.Contains("The certificate of early is not valid before"));
        world.Log.Lines.ShouldContain(static line => line.Contains("The certificate of elsewhere holds at 10.9.9.9"));

        void Refuses(string name, PeerSecurity security) => Should.Throw<DataPlaneException>(
            () => DataPlaneClient.Connect(world.Server.Address, world.Hello(name), world.Log, Patient, security), name);
    }

    [Fact]
    public void Who_may_host_rollouts_alone_reads_and_sends_no_gradient()
    {
        using var sampler = world.Connect("sampler", DataPlaneMedium.Tcp, security: cluster.Of("sampler", NodeRoles.Rollout));
        sampler.Snapshots.Read(0).ShouldBeNull();
        sampler.Reason.ShouldBeNull();
        var round = new Round(++rounds, rounds);
        world.Transport.Open(round);
        Publish(sampler.Transport, round, new LaneBlock(0, 4)).ShouldBeFalse();
        world.Transport.Holds(round, new LaneBlock(0, 4)).ShouldBeFalse();
        world.Transport.Close(round);
        world.NextGone().Reason.ShouldContain("The certificate of sampler is not for a node that hosts trainers.");
        GoodStillWorks();
    }

    [Fact]
    public void A_leader_without_that_role_is_refused_by_its_nodes()
    {
        var (impostor, node) = (cluster.Of("impostor"), cluster.Of("node"));
        using var false_ = new DataPlaneWorld(1000, security: impostor);
        Should.Throw<DataPlaneException>(() => DataPlaneClient.Connect(false_.Server.Address, false_.Hello("node"), false_.Log, Patient, node))
            .Message.ShouldContain("The certificate of impostor is for worker, but control is needed");
    }

    [Fact]
    public void Who_has_no_certificate_is_one_line_in_the_log_however_many_there_are()
    {
        var random = new Random(1);
        for (var i = 0; i < 60; i++)
        {
            // Requests of other protocols, random bytes, plain frames, and a broken handshake.
            using var stranger = new RawNode(world.Server.Address);
            var bytes = new byte[random.Next(1, 300)];
            random.NextBytes(bytes);
            stranger.Send((i % 4) switch
            {
                0 => "GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(),
                1 => bytes,
                2 => stranger.Hello(world.Hello("stranger")),
                _ => [0x16, 3, 1, 0, 4, 1, 2, 3, 4],
            });
            try
            {
                stranger.EndSending();
            }
            catch (SocketException)
            {
                // It was closed already.
            }

            stranger.Next().ShouldBeNull();
        }

        using (var plain = new DataPlaneWorld(1000))
        {
            // In plain text to one with certificates, and the other way round.
            Should.Throw<DataPlaneException>(() => DataPlaneClient.Connect(world.Server.Address, world.Hello("plain"), world.Log, Patient));
            Should.Throw<DataPlaneException>(() =>
                DataPlaneClient.Connect(plain.Server.Address, plain.Hello("secured"), world.Log, Patient, cluster.Of("secured")));
            plain.Log.Lines.ShouldHaveSingleItem();
        }

        GoodStillWorks();
        world.Log.Lines.ShouldHaveSingleItem().ShouldContain("is closed: There was no TLS 1.3 handshake");
    }

    [Fact]
    public void Connections_that_say_nothing_keep_nobody_out()
    {
        var silent = new List<Socket>();
        for (var i = 0; i < 200; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Connect(world.Server.Address);
            silent.Add(socket);
        }

        using (var next = world.Connect("next", DataPlaneMedium.Tcp, security: cluster.Of("next")))
            Works(next);
        GoodStillWorks();
        foreach (var socket in silent)
            socket.Dispose();
    }

    private void GoodStillWorks() => Works(good);

    // A whole round.
    private void Works(DataPlaneClient node)
    {
        var round = new Round(++rounds, rounds);
        world.Transport.Open(round);
        LaneBlock[] blocks = [new(0, 4), new(4, 4)];
        foreach (var block in blocks)
            Publish(node.Transport, round, block).ShouldBeTrue();
        Reduce(world.Transport, round, blocks);
        using (var total = node.Transport.Total(round).ShouldNotBeNull())
            Bits(total.Vector).ShouldBe(Bits(Sum(round, new LaneBlock(0, Lanes), (int)Length)));
        world.Transport.Close(round);
    }
}
