using System.Collections.Concurrent;
using System.Net;
using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Security;
using ActorTrain.Actors.Tests.DataPlane;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Hosting.Logging;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.Tests.Security;

/// <summary>An actor system that leads, with a desk that answers each hello; and actor systems that connect to it.</summary>
internal sealed class ControlPlaneWorld : IDisposable
{
    private const string Logging = """akka { loglevel = WARNING, loggers = ["Akka.Hosting.Logging.LoggerFactoryLogger, Akka.Hosting"] }""";
    private readonly ConcurrentBag<ActorSystem> systems = [];
    private readonly BlockingCollection<(NodeHello Hello, Address From)> hellos = [];

    public ControlPlaneWorld(PeerSecurity? security)
    {
        Leader = SystemOf(ActorSettings.Remote(new IPEndPoint(IPAddress.Loopback, 0)), new ControlPlaneSetup(security, Log));
        Leader.ActorOf(Props.Create(() => new Desk(hellos)), NodeProtocol.Desk);
        Address = (IPEndPoint)new IPEndPoint(IPAddress.Loopback, ((ExtendedActorSystem)Leader).Provider.DefaultAddress.Port!.Value);
    }

    public LogLines Log { get; } = new();

    public ActorSystem Leader { get; }

    public IPEndPoint Address { get; }

    /// <summary>What Akka.Remote itself logged in the system that leads.</summary>
    public LogLines AkkaLog { get; } = new();

    public static NodeHello HelloOf(string name) => new(new NodeKey(name, 1), 1, NodeProtocol.Version, "build", "host", 1, 0, null);

    /// <summary>An actor system of a node.</summary>
    public ActorSystem Node(string name, PeerSecurity? security, Action<string>? refused = null) =>
        SystemOf(ActorSettings.Remote(name), new ControlPlaneSetup(security, new LogLines(), refused));

    /// <summary>Says hello until it is answered.</summary>
    /// <param name="attempts">At most.</param>
    /// <returns>The answer; null if there was none.</returns>
    public async Task<object?> Greet(ActorSystem node, NodeHello hello, int attempts = int.MaxValue)
    {
        var desk = node.ActorSelection($"akka.tcp://{NodeProtocol.System}@{Address}/user/{NodeProtocol.Desk}");
        for (var i = 0; i < attempts; i++)
        {
            try
            {
                return await desk.Ask(hello, TimeSpan.FromMilliseconds(500));
            }
            catch (AskTimeoutException)
            {
                // It may be gated.
            }
        }

        return null;
    }

    public (NodeHello Hello, Address From) NextHello() =>
        hellos.TryTake(out var next, DataPlaneWorld.Patience) ? next : throw new TimeoutException("There was no hello.");

    public void Dispose()
    {
        foreach (var system in systems)
            system.Terminate().Wait(DataPlaneWorld.Patience);
    }

    private ActorSystem SystemOf(Config settings, ControlPlaneSetup setup)
    {
        var system = ActorSystem.Create(NodeProtocol.System, BootstrapSetup.Create()
            .WithConfig(ConfigurationFactory.ParseString(Logging).WithFallback(settings).WithFallback(ActorSettings.All)).And(setup)
            .And(new LoggerFactorySetup(new RemotingLog(new Factory(setup.Logger == Log ? AkkaLog : new LogLines()), TimeProvider.System))));
        systems.Add(system);
        return system;
    }

    private sealed class Desk : ReceiveActor
    {
        public Desk(BlockingCollection<(NodeHello, Address)> hellos) => Receive<NodeHello>(hello =>
        {
            hellos.Add((hello, Sender.Path.Address));
            Sender.Tell(new NodeRefused(1, hello.Node.Name));
        });
    }

    private sealed class Factory(LogLines lines) : ILoggerFactory
    {
        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => lines;

        public void Dispose()
        {
        }
    }
}
