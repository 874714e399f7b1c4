using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Nodes;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Snapshots;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.Hosting;

/// <summary>A run in this process, from its start until its actors have stopped.</summary>
public sealed class TrainingHost : IDisposable
{
    private readonly IHost host;

    private TrainingHost(IHost host) => this.host = host;

    /// <summary>Completed when the run is over; its actors may still be stopping then.</summary>
    public Task<RunEnded> Outcome => host.Services.GetRequiredService<TaskCompletionSource<RunEnded>>().Task;

    /// <summary>The guardian of the run, which forwards messages.</summary>
    public IActorRef Run => host.Services.GetRequiredService<IRequiredActor<RunGuardian>>().ActorRef;

    public ActorSystem System => host.Services.GetRequiredService<ActorSystem>();

    /// <summary>The desk of the nodes; null if trainers live in this process.</summary>
    public IActorRef? Nodes => host.Services.GetService<DataPlaneServer>() is null ? null
        : host.Services.GetRequiredService<IRequiredActor<NodeDesk>>().ActorRef;

    /// <summary>Where nodes find the desk, <c>HOST:PORT</c>.</summary>
    public string NodesAddress
    {
        get
        {
            var address = ((ExtendedActorSystem)System).Provider.DefaultAddress;
            return $"{address.Host}:{address.Port}";
        }
    }

    public LocalGradientTransport Transport => host.Services.GetRequiredService<LocalGradientTransport>();

    public SnapshotMemory Snapshots => host.Services.GetRequiredService<SnapshotMemory>();

    /// <summary>What the run leaves to a later process, once it is over.</summary>
    public Recovery.RecoveryState RecoveryState => host.Services.GetRequiredService<RunParts>().RecoveryState;

    /// <param name="log">Receives the actors' log; not owned.</param>
    /// <param name="configure">Changes the actor system before the run begins.</param>
    public static TrainingHost Start(TrainingRun run, ILoggerFactory log, Action<AkkaConfigurationBuilder>? configure = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(log).AddSingleton<IHostLifetime, NoLifetime>().AddTraining(run, configure);
        var host = builder.Build();
        try
        {
            host.Start();
            return new TrainingHost(host);
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>Stops the actors and closes the database.</summary>
    /// <param name="patience">How long to wait for actors that hang.</param>
    /// <returns>Whether all have stopped; until then they may use shared memory, and the host must not be disposed of.</returns>
    public bool End(TimeSpan patience)
    {
        var hasEnded = System.Terminate().Wait(patience, CancellationToken.None);

        // Closing the last connection merges the write-ahead log into the file.
        SqliteConnection.ClearAllPools();
        return hasEnded;
    }

    public void Dispose() => host.Dispose();
}
