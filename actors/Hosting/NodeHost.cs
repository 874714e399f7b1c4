using System.Net;
using ActorTrain.Actors.Nodes;
using ActorTrain.Actors.Protocol;
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
    /// <param name="say">See <see cref="NodeAgentParts.Say"/>.</param>
    public static NodeHost Start(NodeLinkOptions options, IReadOnlyList<string> addresses, INodeRun run, Action<string, bool> say,
        ILoggerFactory log)
    {
        ArgumentNullException.ThrowIfNull(options);
        var ended = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var parts = new NodeAgentParts
        {
            Node = options.Node,
            Addresses = [.. addresses.Select(static address => $"akka.tcp://{NodeProtocol.System}@{address}/user/{NodeProtocol.Desk}")],
            Run = run,
            Trainer = ActorProps.Trainer,
            Say = say,
            Ended = ended,
        };
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(log).AddSingleton<IHostLifetime, NoLifetime>().AddAkka(NodeProtocol.System, akka => akka
            .AddHocon(ActorSettings.Remote(new IPEndPoint(IPAddress.Loopback, 0)).WithFallback(ActorSettings.All), HoconAddMode.Prepend)
            .ConfigureLoggers(loggers => loggers.ClearLoggers().AddLoggerFactory(log))
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

    /// <summary>Requests that the node leaves in order.</summary>
    public void Leave() => host.Services.GetRequiredService<IRequiredActor<NodeAgent>>().ActorRef.Tell(new LeaveRun());

    /// <summary>Stops the actors; trainers finish their lane.</summary>
    /// <param name="patience">How long to wait for actors that hang.</param>
    /// <returns>Whether all have stopped; until then the host must not be disposed of.</returns>
    public bool End(TimeSpan patience) =>
        host.Services.GetRequiredService<ActorSystem>().Terminate().Wait(patience, CancellationToken.None);

    public void Dispose() => host.Dispose();
}
