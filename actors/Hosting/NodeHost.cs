using System.Net;
using System.Net.Sockets;
using ActorTrain.Actors.Nodes;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Security;
using ActorTrain.Models;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.Hosting;

/// <summary>A node in this process, from its start until its actors have stopped.</summary>
public sealed class NodeHost : IDisposable
{
    private readonly IHost host;
    private readonly TaskCompletionSource<string?> ended;

    private NodeHost(IHost host, TaskCompletionSource<string?> ended) => (this.host, this.ended) = (host, ended);

    /// <summary>Completed when the node is to end: with a refusal, or null if it left in order.</summary>
    public Task<string?> Ended => ended.Task;

    /// <param name="log">Receives the actors' log; not owned.</param>
    /// <param name="addresses">Where runs accept nodes, each <c>HOST:PORT</c>.</param>
    /// <param name="security">Null for plain text.</param>
    /// <param name="say">See <see cref="NodeAgentParts.Say"/>.</param>
    public static NodeHost Start(NodeLinkOptions options, IReadOnlyList<string> addresses, INodeRun run, PeerSecurity? security,
        Action<string, bool> say, ILoggerFactory log)
    {
        ArgumentNullException.ThrowIfNull(options);
        var ended = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var parts = new NodeAgentParts
        {
            Node = options.Node,
            PathOf = number => PathOf(addresses[number]),
            Run = run,
            Trainer = ActorProps.Trainer,
            Worker = ActorProps.Worker,
            Say = say,
            Ended = ended,
        };
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(log).AddSingleton<IHostLifetime, NoLifetime>().AddAkka(NodeProtocol.System, akka => akka
            .AddSetup(new ControlPlaneSetup(security, log.CreateLogger<ControlTransport>(),
                sentence => say(sentence, true)))
            .AddHocon(ActorSettings.Remote(options.Node.Name).WithFallback(ActorSettings.All), HoconAddMode.Prepend)
            .ConfigureLoggers(loggers => loggers.ClearLoggers().AddLoggerFactory(new RemotingLog(log, TimeProvider.System)))
            .WithActors((system, registry) => registry.Register<NodeAgent>(
                system.ActorOf(ActorProps.NodeAgent(options, parts), "node"))));
        var host = builder.Build();
        try
        {
            host.Start();
            return new NodeHost(host, ended);
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    private IActorRef Agent => host.Services.GetRequiredService<IRequiredActor<NodeAgent>>().ActorRef;

    /// <summary>Requests that the node leaves in order.</summary>
    public void Leave() => Agent.Tell(new LeaveRun());

    /// <summary>Asks its actor.</summary>
    /// <exception cref="AskTimeoutException">It does not answer in time.</exception>
    public Task<NodeStanding> Standing(TimeSpan within) => Agent.Ask<NodeStanding>(new GetStanding(), within);

    /// <summary>Stops the actors; trainers finish their lane.</summary>
    /// <param name="patience">How long to wait for actors that hang.</param>
    /// <returns>Whether all have stopped; until then the host must not be disposed of.</returns>
    public bool End(TimeSpan patience) =>
        host.Services.GetRequiredService<ActorSystem>().Terminate().Wait(patience, CancellationToken.None);

    public void Dispose() => host.Dispose();

    // The process that leads is called by its address, since it does not know all of its names. Each time anew: it may have moved.
    private static string PathOf(string address)
    {
        var colon = address.LastIndexOf(':');
        var (host, port) = (address[..colon].Trim('[', ']'), address[(colon + 1)..]);
        try
        {
            var found = Dns.GetHostAddresses(host).OrderBy(static ip => ip.AddressFamily == AddressFamily.InterNetwork ? 0 : 1).First();
            var name = found.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{found}]" : $"{found}";
            return $"akka.tcp://{NodeProtocol.System}@{name}:{port}/user/{NodeProtocol.Desk}";
        }
        catch (Exception exception) when (exception is SocketException or InvalidOperationException)
        {
            throw new UserErrorException($"The address of {host} is not found ({exception.Message.TrimEnd('.')}); check --join.",
                exception);
        }
    }
}
