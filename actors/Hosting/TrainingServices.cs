using System.Net;
using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Goodput;
using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Nodes;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Actors.Spikes;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Storage;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.Hosting;

/// <summary>The composition root of a run: what its actors work with, and their actor system.</summary>
public static class TrainingServices
{
    // Abandoned trainers that hang exist beside their replacements.
    private const int TrainersBeside = 64;

    // Nodes of the last leader dial often enough.
    private static readonly TimeSpan StatePatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan JournalMinBackoff = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan JournalMaxBackoff = TimeSpan.FromSeconds(5);

    /// <summary>Adds a run, which begins when the host starts; its end completes a <see cref="TaskCompletionSource{T}"/> of
    /// <see cref="RunEnded"/>.</summary>
    /// <param name="services">Must contain an <see cref="ILoggerFactory"/>.</param>
    /// <param name="configure">Changes the actor system before the run begins.</param>
    public static IServiceCollection AddTraining(this IServiceCollection services, TrainingRun run,
        Action<AkkaConfigurationBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        var layout = ModelLayout.Of(run.Replica.Model);
        var (lanes, options) = (run.Options.Lanes, run.Options);
        var capacity = LocalGradientTransport.CapacityFor(lanes, lanes + TrainersBeside, options.TotalsKept, options.DividesOptimizer);
        var isShared = run.Nodes is not null;
        if (run.Nodes is { } nodes)
            services.AddSingleton(provider => PlaneOf(provider, nodes, layout, run.Rollouts?.Experiences));
        return services
            .AddSingleton(run)
            .AddSingleton(_ => new SnapshotMemory(layout.Length, options.SnapshotSlots, isShared))
            .AddSingleton(_ => new LocalGradientTransport(layout.Length, lanes, options.Reducers, capacity, isShared))
            .AddSingleton(new TaskCompletionSource<RunEnded>(TaskCreationOptions.RunContinuationsAsynchronously))
            .AddSingleton(PartsOf)
            .AddAkka(NodeProtocol.System, (akka, provider) =>
            {
                var log = provider.GetRequiredService<ILoggerFactory>();
                akka.WithJournal(run.Journal).ConfigureLoggers(loggers => loggers.ClearLoggers()
                    .AddLoggerFactory(isShared ? new RemotingLog(log, TimeProvider.System) : log));
                configure?.Invoke(akka);
                if (run.Nodes is { } nodes)
                    akka.WithNodes(nodes, provider.GetRequiredService<DataPlaneServer>(), log);
                akka.WithTrainingRun(provider.GetRequiredService<RunParts>(),
                    provider.GetRequiredService<TaskCompletionSource<RunEnded>>());
            });
    }

    public static AkkaConfigurationBuilder WithJournal(this AkkaConfigurationBuilder akka, JournalDatabase journal)
    {
        ArgumentNullException.ThrowIfNull(journal);
        journal.KeepWriteAheadLog();
        return akka.AddHocon(journal.Settings, HoconAddMode.Prepend);
    }

    /// <summary>Starts the desk of the nodes in an actor system, which other processes can then reach.</summary>
    public static AkkaConfigurationBuilder WithNodes(this AkkaConfigurationBuilder akka, NodesRun nodes, DataPlaneServer plane,
        ILoggerFactory log)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(plane);
        var dataPlane = nodes.DataPlaneAt(new IPEndPoint(nodes.ListenOn.Address, plane.Address.Port));
        akka.AddSetup(new ControlPlaneSetup(nodes.Security, log.CreateLogger<ControlTransport>()));
        return akka.AddHocon(ActorSettings.Remote(nodes.ListenOn), HoconAddMode.Prepend).WithActors((system, registry) =>
            registry.Register<NodeDesk>(system.ActorOf(
                ActorProps.NodeDesk(
                    () => nodes.Roster with
                    {
                        DataPlane = dataPlane.ToString(),
                        LeasesFrom = DateTimeOffset.UtcNow.Ticks,
                    },
                    plane, nodes.Notify),
                NodeProtocol.Desk)));
    }

    /// <summary>Starts a run in an actor system.</summary>
    /// <param name="outcome">Completed when the run is over; its actors may still be stopping then.</param>
    public static AkkaConfigurationBuilder WithTrainingRun(this AkkaConfigurationBuilder akka, RunParts parts,
        TaskCompletionSource<RunEnded> outcome) =>
        akka.WithActors((system, registry) => registry.Register<RunGuardian>(
            system.ActorOf(Props.Create(() => new RunGuardian(parts, outcome)), RunGuardian.Name)));

    private static DataPlaneServer PlaneOf(
        IServiceProvider provider, NodesRun nodes, FlatLayout layout, IExperienceSource? experiences) => new(
        provider.GetRequiredService<LocalGradientTransport>(), provider.GetRequiredService<SnapshotMemory>(), layout.Hash,
        nodes.Roster.Term, new IPEndPoint(nodes.ListenOn.Address, nodes.DataPort),
        provider.GetRequiredService<ILoggerFactory>().CreateLogger<DataPlaneServer>(),
        new DataPlaneOptions { Silence = nodes.Roster.Timeout, Nodes = NodeProtocol.MostNodes }, nodes.Security, experiences);

    private static RunParts PartsOf(IServiceProvider provider)
    {
        var run = provider.GetRequiredService<TrainingRun>();
        var (snapshots, transport) = (provider.GetRequiredService<SnapshotMemory>(), provider.GetRequiredService<LocalGradientTransport>());
        var device = new ReplicaDeviceOptions(run, transport, snapshots) { Checkpoints = run.Checkpoints };
        var checkpoints = new CheckpointerOptions
        {
            Layout = ModelLayout.Of(run.Replica.Model),
            ConfigurationHash = run.Options.ConfigurationHash,
            Model = run.Replica.Model,
            Batch = run.Plan.BatchSize,
            Fingerprint = run.Fingerprint,
            State = run.CheckpointState,
            Term = run.Term,
        };
        return new RunParts
        {
            Options = run.Options with
            {
                HasValidation = run.Validation is not null,
                TrainersRetainStates = run.Nodes is not null && run.Rollouts is null,
                Rollouts = run.Rollouts?.Options.Rollouts.Schedule(),
                KlControl = run.Rollouts?.Options.Advantages.KlControl(),
            },
            Plan = run.Plan,
            Limits = run.Limits,
            Term = run.Term,
            Transport = transport,
            Notify = run.Notify,
            RecoveryState = run.RecoveryState,
            Children = new RunChildren
            {
                Supervisor = static parts => Props.Create(() => new RunSupervisor(parts)),
                Journal = listener => ActorProps.Journal(run.Name, listener, JournalMinBackoff, JournalMaxBackoff, run.Term),
                StateSearch = run is not { Nodes: { WrittenStep: { } written } nodes, Rollouts: null } ? null
                    : (listener, recorded, recovery) => ActorProps.StateSearch(
                        new StateSearchLogic(
                            new StateSearchOptions
                            {
                                Run = nodes.Roster.Run,
                                ConfigurationHash = run.Options.ConfigurationHash,
                                Patience = TimeSpan.FromTicks(Math.Max(StatePatience.Ticks, nodes.Roster.Timeout.Ticks)),
                                CopyPatience = run.Options.TrainerTimeout,
                                RetryInterval = run.Options.RetryInterval,
                            },
                            new RetainedStates(recorded, recovery, written), recovery),
                        provider.GetRequiredService<IRequiredActor<NodeDesk>>().ActorRef, listener),
                Checkpointer = listener =>
                    ActorProps.Checkpointer(() => new CheckpointSaving(run.Checkpoints, snapshots, checkpoints), listener),
                SpikeDetector = listener => Props.Create(() => new SpikeDetector(run.Detection, listener)),
                Metrics = listener => Props.Create(() => new MetricsPublisher(run.Metrics, run.Term, listener)),
                Goodput = run.Goodput is not { } goodput ? null
                    : listener => Props.Create(() => new GoodputRecorder(goodput, run.Term, listener)),
                Rollouts = run.Rollouts is not { } rollouts ? null : listener =>
                    ActorProps.Rollouts(
                        rollouts, new SnapshotWeights(snapshots),
                        run.Nodes is null ? null : provider.GetRequiredService<IRequiredActor<NodeDesk>>().ActorRef, listener),
                Reducer = (number, listener) =>
                    Props.Create(() => new GradientReducer(number, run.Options.Lanes, transport, listener, run.Options.Norms)),
                Trainers = listener =>
                {
                    var life = new TrainerSupervisorLife();
                    return (run.Nodes is null
                        ? ActorProps.Trainers(run.Trainers, trainer => run.MakeDevice(device, trainer), life, listener)
                        : ActorProps.TrainersOnNodes(run.Trainers, provider.GetRequiredService<IRequiredActor<NodeDesk>>().ActorRef, life,
                            listener),
                        life.End);
                },
            },
        };
    }
}
