using System.Diagnostics;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Actors.Training;
using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using Akka.Actor;
using Akka.Configuration;

namespace ActorTrain.Bench;

/// <summary>The benchmark model under training by the real trainers and reducers, with a conductor that gives the commands of an undisturbed
/// run.</summary>
internal sealed class TraineeActors : IDisposable
{
    private const int Lanes = 8;
    private static readonly ModelOptions Model = Trainee.BenchmarkModel;

    private readonly ActorSystem system;
    private readonly LocalGradientTransport transport;
    private readonly SnapshotMemory snapshots;
    private readonly IActorRef conductor;

    public TraineeActors(int trainers, int threads, int reducers)
    {
        var length = ModelLayout.Of(Model).Length;
        transport = new LocalGradientTransport(length, Lanes, reducers, LocalGradientTransport.CapacityFor(Lanes, trainers, totalsKept: 3));
        snapshots = new SnapshotMemory(length, slots: 1);
        var options = new ReplicaDeviceOptions
        {
            Replica = new ReplicaOptions
            {
                Model = Model,
                Lanes = Lanes,
                Schedule = new LearningRateSchedule(1e-3, WarmupSteps: 10, Steps: 10_000),
            },
            Plan = new BatchPlan(seed: 1, samples: 64, batchSize: Lanes, Lanes),
            Samples = static samples => samples.Select(Batch),
            Transport = transport,
            Snapshots = snapshots,
        };
        system = ActorSystem.Create("bench", ConfigurationFactory.ParseString(TrainerSupervisor.DispatcherConfiguration));
        conductor = system.ActorOf(Props.Create(() => new Conductor(options, trainers, threads, reducers)), "run");
    }

    /// <summary>Global gradient norm of the last step, by which two sides are seen to have done the same.</summary>
    public double LastNorm { get; private set; }

    /// <summary>Does some steps and returns tokens per second.</summary>
    public double Run(int steps)
    {
        var started = Stopwatch.GetTimestamp();
        LastNorm = conductor.Ask<double>(steps).GetAwaiter().GetResult();
        return steps * (long)Lanes * Model.ContextLength / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public void Dispose()
    {
        system.Terminate().Wait();
        transport.Dispose();
        snapshots.Dispose();
    }

    private static TokenBatch Batch(PlannedSample sample)
    {
        var random = new Random((int)sample.Sample);
        return new TokenBatch([.. Enumerable.Range(0, Model.ContextLength + 1).Select(_ => (long)random.Next(Model.VocabularySize))], 1, Model.ContextLength);
    }

    private sealed class Conductor : ReceiveActor
    {
        private readonly IGradientTransport transport;
        private readonly IActorRef supervisor;
        private readonly IActorRef[] reducers;
        private readonly IReadOnlyList<IReadOnlyList<LaneBlock>> shares;
        private readonly List<TrainerKey> members = [];
        private readonly IReadOnlyList<double>?[] squares;
        private readonly int trainers;
        private IActorRef? asker;
        private int loaded;
        private int applied;
        private int left;
        private double norm;
        private Round round = new(0, -1);

        public Conductor(ReplicaDeviceOptions options, int trainers, int threads, int reducers)
        {
            transport = options.Transport;
            this.trainers = trainers;
            shares = LaneBlock.Share(Lanes, trainers);
            squares = new IReadOnlyList<double>?[reducers];
            var (run, supervision) = (Self, new TrainerSupervisorOptions { Threads = threads });
            supervisor = Context.ActorOf(Props.Create(() => new TrainerSupervisor(supervision, _ => new ReplicaDevice(options), run, null)), "trainers");
            this.reducers = [.. Enumerable.Range(0, reducers).Select(i => Context.ActorOf(Props.Create(() => new GradientReducer(i, Lanes, options.Transport, run, null))))];
            for (var number = 0; number < trainers; number++)
                supervisor.Tell(new StartTrainer(number, 0));

            Receive<TrainerStarted>(started =>
            {
                members.Add(started.Trainer);
                Tell(started.Trainer, new LoadState(new FreshState(), 0));
            });
            Receive<StateLoaded>(_ =>
            {
                if (++loaded == trainers && asker is not null)
                    Begin();
            });
            Receive<int>(steps =>
            {
                (asker, left) = (Sender, steps);
                if (loaded == trainers)
                    Begin();
            });
            Receive<BlockComputed>(computed =>
            {
                foreach (var reducer in this.reducers)
                    reducer.Tell(new AddBlock(round, computed.Block));
            });
            Receive<ShardReduced>(Reduced);
            Receive<UpdateApplied>(update =>
            {
                if (++applied < trainers)
                    return;
                applied = 0;
                transport.Close(update.Round);
                if (left == 0)
                    asker!.Tell(norm);
            });
            Receive<TrainerLost>(static lost => throw new InvalidOperationException(lost.Reason));
            ReceiveAny(static _ => { });
        }

        private void Tell(TrainerKey trainer, TrainerCommand command) => supervisor.Tell(new TellTrainer(trainer, command));

        private void Begin()
        {
            round = new Round(round.Number + 1, round.Step + 1);
            transport.Open(round);
            for (var i = 0; i < trainers; i++)
                Tell(members[i], new ComputeLanes(new Ticket(1, round), shares[i], SkipList.Empty));
        }

        // The next step's lanes follow at once: a trainer begins them as soon as it has applied the update.
        private void Reduced(ShardReduced reduced)
        {
            squares[reduced.Reducer] = reduced.Squares;
            if (squares.Any(static shard => shard is null))
                return;
            norm = GradientNorm.OfSquares(squares.SelectMany(static shard => shard!));
            Array.Clear(squares);
            foreach (var member in members)
                Tell(member, new ApplyUpdate(round, norm));
            if (--left > 0)
                Begin();
        }
    }
}
