using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using ActorTrain.Actors.ControlPlane;
using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Security;
using ActorTrain.Actors.Tests.DataPlane;
using ActorTrain.Persistence.Certificates;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;

namespace ActorTrain.Actors.Tests.Security;

/// <summary>Messages between processes that all listen, and of which each may connect to any other.</summary>
public sealed class ElectionPlaneTests : IDisposable
{
    private readonly TestCluster cluster = new();
    private readonly List<ActorSystem> systems = [];
    private readonly LogLines log = new();
    private readonly IReadOnlyList<IPEndPoint> all = Free(3);

    public void Dispose()
    {
        foreach (var system in systems)
            system.Terminate().Wait(DataPlaneWorld.Patience);
        cluster.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Three_that_connect_to_each_other_at_the_same_time_exchange_messages_also_after_one_was_started_again(bool isSecured)
    {
        var security = Enumerable.Range(0, 3).Select(i => isSecured ? Control($"leader-{i}") : null).ToList();
        var three = Enumerable.Range(0, 3).Select(i => Start(all[i], security[i])).ToList();
        await All();
        for (var round = 0; round < 3; round++)
        {
            await three[round].Terminate();
            three[round] = Start(all[round], security[round]);
            await All();
        }

        log.Lines.ShouldBeEmpty();

        Task All() => Task.WhenAll(
            from asking in three from to in all where to.Port != PortOf(asking) select Ask(asking, to).ContinueWith(
                answer => answer.Result.ShouldBe($"{PortOf(asking)} asked {to.Port}"), TaskScheduler.Default));
    }

    [Fact]
    public async Task Only_processes_that_may_lead_connect_and_only_from_the_addresses_that_were_given()
    {
        using var foreign = new TestCluster();
        Start(all[0], Control("leader"));
        await Refused(cluster.Of("gpu-1"), all[1], "The certificate of gpu-1 is for worker, but control is needed");
        await Refused(cluster.Expired("old"), all[1], "The certificate of old expired on");
        await Refused(foreign.Of("foreign", NodeRoles.Control), all[1], "another authority signed it");
        var other = Control("other");
        await Refused(other, new IPEndPoint(IPAddress.Loopback, 9), "It calls itself 127.0.0.1:9, which is none of 127.0.0.1:");
        await Refused(other, all[1], "127.0.0.1 sent a message in the name of another", $"akka.tcp://actortrain@{all[2]}/user/member");
        (await Ask(Start(all[1], other), all[0])).ShouldNotBeNull();
    }

    /// <summary>In plain text, addresses of this machine are all that is known of who connects.</summary>
    [Fact]
    public async Task Who_connects_from_another_address_than_its_own_is_refused()
    {
        IReadOnlyList<IPEndPoint> two = [all[0], new IPEndPoint(IPAddress.Parse("127.0.0.2"), all[1].Port)];
        Start(two[0], null, two);
        await Refused(null, two[1], $"It calls itself {two[1]}, but it is at 127.0.0.1");
        (await Ask(Start(two[1], null, two), two[0])).ShouldNotBeNull();
    }

    [Fact]
    public async Task An_IPv6_address_is_found()
    {
        if (!Socket.OSSupportsIPv6)
            return;
        IReadOnlyList<IPEndPoint> two = [new(IPAddress.IPv6Loopback, all[0].Port), new(IPAddress.IPv6Loopback, all[1].Port)];
        Start(two[0], null, two);
        (await Ask(Start(two[1], null, two), two[0])).ShouldNotBeNull();
    }

    // With a protocol of its own, from whichever address the system chooses.
    private async Task Refused(PeerSecurity? security, IPEndPoint origin, string reason, string? sender = null)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(all[0]);
        try
        {
            await using var stream = security is null ? new NetworkStream(socket)
                : (Stream)security.Connect(new NetworkStream(socket), IPAddress.Loopback).Stream;
            await ControlFrames.SendPreface(stream, default);
            await ControlFrames.ReceivePreface(stream, default);
            await stream.WriteAsync(Frame(Pdu.Associate($"{origin.Address}", origin.Port)));
            if (sender is not null)
                await stream.WriteAsync(Frame(Pdu.Message(all[0], sender)));
            while (await stream.ReadAsync(new byte[1000]) > 0)
            {
            }
        }
        catch (Exception exception) when (exception is IOException or ControlLinkException or PeerException)
        {
            // Closed.
        }

        SpinWait.SpinUntil(() => log.Lines.Any(line => line.Contains(reason, StringComparison.Ordinal)), DataPlaneWorld.Patience)
            .ShouldBeTrue($"{reason}: {string.Join('\n', log.Lines)}");
    }

    private static byte[] Frame(byte[] content)
    {
        var frame = new byte[ControlFrames.HeaderSize + content.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, content.Length);
        content.CopyTo(frame, ControlFrames.HeaderSize);
        return frame;
    }

    private PeerSecurity Control(string name) =>
        new(cluster.Of(name, NodeRoles.Control).Credentials) { Admits = NodeRoles.Control };

    private ActorSystem Start(IPEndPoint at, PeerSecurity? security, IReadOnlyList<IPEndPoint>? peers = null)
    {
        var system = ActorSystem.Create("actortrain", BootstrapSetup.Create()
            .WithConfig(ConfigurationFactory.ParseString("akka.loglevel = OFF").WithFallback(ActorSettings.Remote(at)).WithFallback(ActorSettings.All))
            .And(new ControlPlaneSetup(security, log) { Peers = peers ?? all }));
        systems.Add(system);
        system.ActorOf(Props.Create(() => new Answers(at.Port)), NodeProtocol.Desk);
        return system;
    }

    // Until it is answered: it may be gated.
    private static async Task<string> Ask(ActorSystem from, IPEndPoint to)
    {
        var desk = from.ActorSelection(
            new RootActorPath(ControlTransport.AddressOf("actortrain", to)) / "user" / NodeProtocol.Desk);
        while (true)
        {
            try
            {
                return (await desk.Ask<NodeRefused>(ControlPlaneWorld.HelloOf($"{PortOf(from)}"), TimeSpan.FromMilliseconds(500))).Reason;
            }
            catch (AskTimeoutException)
            {
            }
        }
    }

    private static int PortOf(ActorSystem system) => ((ExtendedActorSystem)system).Provider.DefaultAddress.Port!.Value;

    private static IReadOnlyList<IPEndPoint> Free(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(static _ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(static listener => listener.Start());
        IReadOnlyList<IPEndPoint> free = [.. listeners.Select(static listener => (IPEndPoint)listener.LocalEndpoint)];
        listeners.ForEach(static listener => listener.Stop());
        return free;
    }

    private sealed class Answers : ReceiveActor
    {
        public Answers(int port) =>
            Receive<NodeHello>(hello => Sender.Tell(new NodeRefused(1, $"{hello.Node.Name} asked {port}")));
    }
}
