using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using ActorTrain.Actors.ControlPlane;
using ActorTrain.Actors.Election;
using ActorTrain.Actors.Security;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.Singleton;
using Akka.Coordination;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.Hosting;

/// <summary>This process's member of the cluster of control processes, in an actor system apart from that of the run.</summary>
public sealed class ControlHost : IDisposable
{
    // Gossip of a few members.
    private static readonly ControlPlaneLimits Limits = new() { LongestFrame = 128 << 10, Links = 64 };

    private readonly IHost host;
    private readonly ActorSystem system;

    private ControlHost(IHost host) => (this.host, system) = (host, host.Services.GetRequiredService<ActorSystem>());

    /// <summary>Completed once it is a member no longer: it left, or the others have taken it for lost.</summary>
    public Task Ended => system.WhenTerminated;

    /// <summary>The control processes, the one that leads first.</summary>
    public IReadOnlyList<ControlStatus> Members => ControlStatus.Of(Cluster.Get(system).State);

    /// <summary>As <see cref="Members"/>, once its actor has answered.</summary>
    /// <exception cref="AskTimeoutException">It does not answer in time.</exception>
    public async Task<IReadOnlyList<ControlStatus>> AskMembers(TimeSpan within)
    {
        await system.ActorSelection($"/user/{ElectionProtocol.Member}").Ask<ActorIdentity>(new Identify(null), within)
            .ConfigureAwait(false);
        return Members;
    }

    /// <param name="say">Tells the user. Thread-safe, and must not throw.</param>
    /// <param name="elected">Called when this process is elected to lead the run; perhaps more than once. Thread-safe, and must not
    /// throw.</param>
    /// <param name="log">Receives warnings of connections.</param>
    /// <exception cref="SocketException">The address is in use, or is none of this machine.</exception>
    public static ControlHost Start(ControlHostOptions options, Action<string> say, Action elected, ILogger log)
    {
        ArgumentNullException.ThrowIfNull(options);

        // An actor system that cannot listen does not say so.
        using (var listener = new TcpListener(options.Address))
            listener.Start();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>().AddAkka(options.System, akka => akka
            .AddHocon(ActorSettings.Control(options), HoconAddMode.Prepend)
            .AddSetup(new LeaseDatabase(options.Connection))
            .AddSetup(new ControlPlaneSetup(options.Security, log, sentence => log.LogWarning("{Reason}", sentence))
            {
                Peers = options.All,
                Limits = Limits,
            })
            .ConfigureLoggers(static loggers => loggers.ClearLoggers())
            .WithActors((system, _) => Begin(system, options, say, elected)));
        var host = builder.Build();
        try
        {
            host.Start();
            return new ControlHost(host);
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>Leaves the cluster: another process is elected at once.</summary>
    /// <param name="patience">How long to wait for it.</param>
    /// <returns>Whether it has left.</returns>
    public bool Leave(TimeSpan patience) =>
        CoordinatedShutdown.Get(system).Run(new Left()).Wait(patience, CancellationToken.None)
        && Ended.Wait(patience, CancellationToken.None);

    public void Dispose() => host.Dispose();

    private static void Begin(ActorSystem system, ControlHostOptions options, Action<string> say, Action elected)
    {
        var member = system.ActorOf(ActorProps.ControlMember(new ControlMemberParts
        {
            Others = [.. options.All.Where(address => !address.Equals(options.Address))
                .Select(address => ControlTransport.AddressOf(options.System, address))],
            Founding = LeaseProvider.Get(system).GetLease(
                $"{options.Run} founding", ActorSettings.LeaseSettings, PostgresLease.OwnerOf(options.Address)),
            Say = say,
            Elected = elected,
        }), ElectionProtocol.Member);
        system.ActorOf(
            ClusterSingletonManager.Props(ActorProps.Seat(member), PoisonPill.Instance, ClusterSingletonManagerSettings.Create(system)),
            "seat");
    }

    // The process ends as its run did.
    private sealed class Left : CoordinatedShutdown.Reason
    {
        public override int ExitCode => 0;
    }
}

public sealed record ControlHostOptions
{
    /// <summary>Name of the run.</summary>
    public required string Run { get; init; }

    /// <summary>Of this process.</summary>
    public required IPEndPoint Address { get; init; }

    /// <summary>Of all control processes, this one included.</summary>
    public required IReadOnlyList<IPEndPoint> All { get; init; }

    /// <summary>Connection string of the PostgreSQL database of the run's journal.</summary>
    public required string Connection { get; init; }

    /// <summary>Null for plain text.</summary>
    public PeerSecurity? Security { get; init; }

    /// <summary>See <see cref="ClusterOptions.Timeout"/>.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Processes of different runs do not join each other, whatever address they were given.</summary>
    internal string System => $"control-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Run)))[..16]}";
}
