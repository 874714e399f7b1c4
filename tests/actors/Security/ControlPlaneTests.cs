using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using ActorTrain.Actors.ControlPlane;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Security;
using ActorTrain.Actors.Tests.DataPlane;
using ActorTrain.Persistence.Certificates;
using Akka.Actor;

namespace ActorTrain.Actors.Tests.Security;

/// <summary>Messages between processes: whoever is not of the cluster reaches no actor, and is one line in the log.</summary>
public sealed class ControlPlaneTests : IDisposable
{
    private readonly TestCluster cluster = new();
    private readonly List<IDisposable> used = [];

    public void Dispose()
    {
        used.ForEach(static one => one.Dispose());
        cluster.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_node_and_the_process_that_leads_exchange_messages(bool isSecured)
    {
        var world = World(isSecured ? cluster.Of("leader", NodeRoles.Control) : null);
        var node = world.Node("gpu-1", isSecured ? cluster.Of("gpu-1") : null);
        ((NodeRefused)(await world.Greet(node, ControlPlaneWorld.HelloOf("gpu-1")))!).Reason.ShouldBe("gpu-1");
        world.NextHello().From.Host.ShouldBe("gpu-1");

        // As large as a message may be, and many.
        var hello = ControlPlaneWorld.HelloOf("gpu-1") with { Host = new string('x', 3 << 20) };
        ((NodeRefused)(await world.Greet(node, hello))!).Reason.ShouldBe("gpu-1");
        var desk = node.ActorSelection($"akka.tcp://actortrain@{world.Address}/user/nodes");
        for (var i = 0; i < 2000; i++)
            desk.Tell(ControlPlaneWorld.HelloOf("gpu-1") with { Attempt = i }, node.DeadLetters);
        while (world.NextHello().Hello.Attempt != 1999)
        {
        }

        world.Log.Lines.ShouldBeEmpty();
    }

    [Fact]
    public async Task Certificates_of_another_name_role_authority_or_time_are_refused()
    {
        var world = World(cluster.Of("leader", NodeRoles.Control));
        var good = world.Node("good", cluster.Of("good"));
        (await world.Greet(good, ControlPlaneWorld.HelloOf("good"))).ShouldNotBeNull();
        (await world.Greet(world.Node("other", cluster.Of("bad")), ControlPlaneWorld.HelloOf("other"), attempts: 2)).ShouldBeNull();
        world.Log.Lines.ShouldContain(static line => line.Contains("The certificate is of bad, but it calls itself other"));
        (await world.Greet(world.Node("sampler", cluster.Of("sampler", NodeRoles.Rollout)), ControlPlaneWorld.HelloOf("sampler"))).ShouldNotBeNull();
        await Refused("old", cluster.Expired("old"), "The certificate of old expired on");
        await Refused("early", cluster.OfTomorrow("early"), "The certificate of early is not valid before");
        using var others = new TestCluster();
        var problem = await Refused("foreign", others.Of("foreign"), null);
        problem.ShouldContain("is not of this cluster: another authority signed it");

        // In plain text.
        (await Refused("plain", null, null)).ShouldContain("--certificates");
        (await world.Greet(good, ControlPlaneWorld.HelloOf("good"))).ShouldNotBeNull();
        world.Log.Lines.Count.ShouldBe(4, string.Join('\n', world.Log.Lines));
        world.AkkaLog.Lines.ShouldBeEmpty();

        async Task<string> Refused(string name, PeerSecurity? security, string? logged)
        {
            var said = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            var node = world.Node(name, security, sentence => said.TrySetResult(sentence));
            (await world.Greet(node, ControlPlaneWorld.HelloOf(name), attempts: 2)).ShouldBeNull();
            if (logged is not null)
                world.Log.Lines.ShouldContain(line => line.Contains(logged, StringComparison.Ordinal), $"{name}: {string.Join('\n', world.Log.Lines)}");
            return await said.Task.WaitAsync(DataPlaneWorld.Patience);
        }
    }

    [Fact]
    public async Task A_process_that_may_not_lead_is_refused_by_nodes()
    {
        var world = World(cluster.Of("impostor"));
        var said = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var node = world.Node("gpu-1", cluster.Of("gpu-1"), sentence => said.TrySetResult(sentence));
        (await world.Greet(node, ControlPlaneWorld.HelloOf("gpu-1"), attempts: 1)).ShouldBeNull();
        (await said.Task.WaitAsync(DataPlaneWorld.Patience)).ShouldContain("The certificate of impostor is for worker, but control is needed");
    }

    [Fact]
    public async Task A_renewed_certificate_is_used_when_a_connection_is_made_again()
    {
        var world = World(cluster.Of("leader", NodeRoles.Control));
        var security = cluster.Expired("gpu-1");
        var node = world.Node("gpu-1", security);
        (await world.Greet(node, ControlPlaneWorld.HelloOf("gpu-1"), attempts: 2)).ShouldBeNull();
        CertificateAuthority.Issue(cluster.Folder, new CertifiedPeer("gpu-1", NodeRoles.Worker, [], default), true, 10,
            TimeProvider.System.GetUtcNow());
        (await world.Greet(node, ControlPlaneWorld.HelloOf("gpu-1"))).ShouldNotBeNull();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Foreign_bytes_are_one_line_in_the_log_however_many_connections_bring_them(bool isSecured)
    {
        var world = World(isSecured ? cluster.Of("leader", NodeRoles.Control) : null);
        var good = world.Node("good", isSecured ? cluster.Of("good") : null);
        (await world.Greet(good, ControlPlaneWorld.HelloOf("good"))).ShouldNotBeNull();
        var random = new Random(1);
        byte[] preface = [.. "ATCP"u8, 1, 0, 0, 0];
        for (var i = 0; i < 60; i++)
        {
            var bytes = new byte[random.Next(1, 300)];
            random.NextBytes(bytes);
            Send(world.Address, (i % 6) switch
            {
                0 => "GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(),
                1 => bytes,
                2 => [0x16, 3, 1, 0, 4, 1, 2, 3, 4],
                3 => [.. preface, .. Frame(bytes)],
                4 => [.. preface, 0xff, 0xff, 0xff, 0x7f],
                _ => preface[..random.Next(8)],
            });
        }

        (await world.Greet(good, ControlPlaneWorld.HelloOf("good"))).ShouldNotBeNull();
        world.Log.Lines.ShouldHaveSingleItem();
        world.AkkaLog.Lines.ShouldBeEmpty();
    }

    [Fact]
    public async Task Connections_that_say_nothing_keep_nobody_out()
    {
        var world = World(cluster.Of("leader", NodeRoles.Control));
        var silent = new List<Socket>();
        for (var i = 0; i < 200; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(world.Address);
            silent.Add(socket);
        }

        var node = world.Node("gpu-1", cluster.Of("gpu-1"));
        (await world.Greet(node, ControlPlaneWorld.HelloOf("gpu-1"))).ShouldNotBeNull();
        silent.ForEach(static socket => socket.Dispose());
        world.Log.Lines.Count.ShouldBeLessThanOrEqualTo(1);
    }

    /// <summary>With a good certificate, but a protocol of its own.</summary>
    [Fact]
    public async Task A_node_may_neither_speak_for_another_nor_send_what_is_no_message()
    {
        var world = World(cluster.Of("leader", NodeRoles.Control));
        var good = world.Node("good", cluster.Of("good"));
        (await world.Greet(good, ControlPlaneWorld.HelloOf("good"))).ShouldNotBeNull();
        var bad = cluster.Of("bad");
        var hello = Pdu.Associate("bad", 4444);
        await Closed([hello, Pdu.Message(world.Address, "akka.tcp://actortrain@good:4444/user/node")], "sent a message in the name of another");
        await Closed([hello, Pdu.Message(world.Address, "akka://actortrain/user/node")], "sent a message in the name of another");
        await Closed([hello, hello], "introduced itself twice");
        await Closed([Pdu.Associate("good", 4444)], "The certificate is of bad, but it calls itself good");
        await Closed([Pdu.Message(world.Address, "akka.tcp://actortrain@bad:4444/user/node")], "does not say who sends it");
        await Closed([hello, Pdu.Twice(world.Address, "akka.tcp://actortrain@bad:4444/user/node", "akka.tcp://actortrain@good:1/user/node")],
            "has field 2 twice");
        await Closed([hello, [1, 2, 3, 4]], "is no frame of Akka.Remote");
        await Closed([hello, new byte[(4 << 20) + 1]], "is not between 1 and 4194304");
        (await world.Greet(good, ControlPlaneWorld.HelloOf("good"))).ShouldNotBeNull();
        world.NextHello();
        world.NextHello();

        async Task Closed(byte[][] frames, string reason)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(world.Address);
            await using var stream = bad.Connect(new NetworkStream(socket), IPAddress.Loopback).Stream;
            await ControlFrames.SendPreface(stream, default);
            await ControlFrames.ReceivePreface(stream, default);
            try
            {
                foreach (var frame in frames)
                    await stream.WriteAsync(Frame(frame));
                while (await stream.ReadAsync(new byte[1000]) > 0)
                {
                }
            }
            catch (IOException)
            {
                // Closed with bytes unread.
            }

            SpinWait.SpinUntil(() => world.Log.Lines.Any(line => line.Contains(reason, StringComparison.Ordinal)), DataPlaneWorld.Patience)
                .ShouldBeTrue(reason);
        }
    }

    /// <summary>Only registered messages are read, and only the desk is reached, whoever sends.</summary>
    [Fact]
    public async Task Messages_of_unknown_types_and_to_other_actors_are_dropped()
    {
        var world = World(cluster.Of("leader", NodeRoles.Control));
        var (node, probe) = (world.Node("gpu-1", cluster.Of("gpu-1")), world.Leader.ActorOf(Props.Create(() => new Echo()), "echo"));
        var root = $"akka.tcp://actortrain@{world.Address}/user/";
        await Should.ThrowAsync<AskTimeoutException>(() =>
            node.ActorSelection(root + "echo").Ask(ControlPlaneWorld.HelloOf("gpu-1"), TimeSpan.FromMilliseconds(300)));
        (await world.Greet(node, ControlPlaneWorld.HelloOf("gpu-1"))).ShouldNotBeNull();
        for (var i = 0; i < 20; i++)
            node.ActorSelection(root + "nodes").Tell(PoisonPill.Instance);
        (await world.Greet(node, ControlPlaneWorld.HelloOf("gpu-1"))).ShouldNotBeNull();
        (await probe.Ask("there?", DataPlaneWorld.Patience)).ShouldBe("there?");
        world.AkkaLog.Lines.ShouldBeEmpty();

        // A serializer that makes objects of any type, and one that nobody has.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(world.Address);
        await using var stream = cluster.Of("gpu-2").Connect(new NetworkStream(socket), IPAddress.Loopback).Stream;
        await ControlFrames.SendPreface(stream, default);
        await ControlFrames.ReceivePreface(stream, default);
        await stream.WriteAsync(Frame(Pdu.Associate("gpu-2", 4444)));
        for (var i = 0; i < 20; i++)
            await stream.WriteAsync(Frame(Pdu.Message(world.Address, "akka.tcp://actortrain@gpu-2:4444/user/node", serializer: i % 2 == 0 ? 1 : 77)));
        SpinWait.SpinUntil(() => world.AkkaLog.Lines.Count > 0, DataPlaneWorld.Patience).ShouldBeTrue();
        (await world.Greet(node, ControlPlaneWorld.HelloOf("gpu-1"))).ShouldNotBeNull();
        world.AkkaLog.Lines.ShouldHaveSingleItem().ShouldContain("Deserialization failed");
    }

    private ControlPlaneWorld World(PeerSecurity? security)
    {
        var world = new ControlPlaneWorld(security);
        used.Add(world);
        return world;
    }

    private static byte[] Frame(byte[] content)
    {
        var frame = new byte[ControlFrames.HeaderSize + content.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, content.Length);
        content.CopyTo(frame, ControlFrames.HeaderSize);
        return frame;
    }

    private static void Send(IPEndPoint to, byte[] bytes)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(to);
        try
        {
            socket.Send(bytes);
            socket.Shutdown(SocketShutdown.Send);
            while (socket.Receive(new byte[100]) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Closed with bytes unread.
        }
    }

    private sealed class Echo : ReceiveActor
    {
        public Echo() => ReceiveAny(message => Sender.Tell(message));
    }
}
