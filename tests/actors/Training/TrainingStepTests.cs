using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Steps;
using ActorTrain.Tests.Replicas;
using Akka.Actor;
using Akka.TestKit.Xunit2;

namespace ActorTrain.Actors.Tests.Training;

/// <summary>Real trainers and reducers, their commands given by the test: the bits of the bare loop come out.</summary>
public sealed class TrainingStepTests() : TestKit(TinyTraining.Settings)
{
    private const int Steps = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly Lazy<ulong> Bare = new(static () => TinyTraining.BareLoop(Steps));

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 2, 2)]
    [InlineData(2, 1, 1)]
    [InlineData(3, 2, 1)]
    [InlineData(4, 1, 2)]
    [InlineData(5, 3, 1)]
    [InlineData(8, 2, 1)]
    public void Any_number_of_trainers_reducers_and_threads_ends_with_the_state_of_the_bare_loop(int trainers, int reducers, int threads)
    {
        using var training = new TinyTraining(reducers, trainers);
        var supervisor = Supervise(training, threads);
        var shards = Reducers(training, reducers);
        var keys = Start(supervisor, trainers);
        foreach (var key in keys)
            supervisor.Tell(new TellTrainer(key, new LoadState(new FreshState(), 0, 1)));
        for (var step = 0; step < Steps; step++)
        {
            var round = new Round(step + 1, step);
            training.Transport.Open(round);
            var (loss, norm) = Compute(supervisor, shards, keys, round);
            loss.ShouldBeGreaterThan(0);
            foreach (var key in keys)
                supervisor.Tell(new TellTrainer(key, new ApplyUpdate(round, norm, UpdateAdjustment.None)));
            for (var applied = 0; applied < trainers; applied++)
                Expect<UpdateApplied>().Round.ShouldBe(round);
            training.Transport.Close(round);
        }

        foreach (var key in keys)
        {
            supervisor.Tell(new TellTrainer(key, new CopyState(0, Steps, 1)));
            Expect<StateCopied>().Hash.ShouldBe(Bare.Value, key.ToString());
        }

        // Nothing is left but what each trainer computes into, and nothing at all once they are gone.
        training.Transport.Memory.Rented.ShouldBeLessThanOrEqualTo(trainers);
        Stop(supervisor);
        training.Transport.Memory.Rented.ShouldBe(0);
    }

    [Fact]
    public void A_trainer_that_joins_takes_the_state_from_a_snapshot_and_goes_on_with_the_same_bits()
    {
        using var training = new TinyTraining();
        var supervisor = Supervise(training, threads: 1);
        var shards = Reducers(training, 1);
        var (first, second) = (Start(supervisor, 1)[0], default(TrainerKey));
        supervisor.Tell(new TellTrainer(first, new LoadState(new FreshState(), 0, 2)));
        for (var step = 0; step < Steps; step++)
        {
            var round = new Round(step + 1, step);
            TrainerKey[] keys = step < 2 ? [first] : [first, second];
            training.Transport.Open(round);
            var (_, norm) = Compute(supervisor, shards, keys, round);
            foreach (var key in keys)
                supervisor.Tell(new TellTrainer(key, new ApplyUpdate(round, norm, UpdateAdjustment.None)));
            if (step != 1)
                continue;
            supervisor.Tell(new TellTrainer(first, new CopyState(1, 2, 2)));
            var copied = Expect<StateCopied>();
            supervisor.Tell(new StartTrainer(1, 0));
            second = Expect<TrainerStarted>().Trainer;
            supervisor.Tell(new TellTrainer(second, new LoadState(new SnapshotState(1, copied.Hash!.Value + 1), 2, 3)));
            Expect<StateRefused>().Reason.ShouldContain("Slot 1 of the snapshots in memory holds the state");
            supervisor.Tell(new TellTrainer(second, new LoadState(new SnapshotState(0, copied.Hash!.Value), 2, 4)));
            Expect<StateRefused>().Reason.ShouldContain("empty");
            supervisor.Tell(new TellTrainer(second, new LoadState(new FreshState(), 2, 5)));
            Expect<StateRefused>().Reason.ShouldContain("no update");
            supervisor.Tell(new TellTrainer(second, new LoadState(new CheckpointState(), 2, 6)));
            Expect<StateRefused>().Reason.ShouldContain("no checkpoint");
            supervisor.Tell(new TellTrainer(second, new LoadState(new SnapshotState(1, copied.Hash!.Value), 2, 7)));
            Expect<StateLoaded>().Trainer.ShouldBe(second);
        }

        supervisor.Tell(new TellTrainer(second, new CopyState(0, Steps, 3)));
        Expect<StateCopied>().Hash.ShouldBe(Bare.Value);
        Stop(supervisor);
    }

    [Fact]
    public void A_snapshot_that_was_damaged_in_memory_is_refused()
    {
        using var training = new TinyTraining();
        var supervisor = Supervise(training, threads: 1);
        var keys = Start(supervisor, 2);
        supervisor.Tell(new TellTrainer(keys[0], new LoadState(new FreshState(), 0, 8)));
        supervisor.Tell(new TellTrainer(keys[0], new CopyState(0, 0, 4)));
        var copied = Expect<StateCopied>();
        using (var snapshot = training.Snapshots.Read(0)!)
            snapshot.SecondMoment.Slice(40, 1)[0] ^= 1;
        supervisor.Tell(new TellTrainer(keys[1], new LoadState(new SnapshotState(0, copied.Hash!.Value), 0, 9)));
        Expect<StateRefused>().Reason.ShouldContain("changed in memory");
        Stop(supervisor);
    }

    [Fact]
    public void One_that_fails_in_the_middle_of_a_block_leaves_no_memory_behind_and_the_next_life_computes_the_block()
    {
        using var training = new TinyTraining();
        var (reads, options, run) = (0, new TrainerSupervisorOptions { MinBackoff = TimeSpan.FromMilliseconds(1) }, TestActor);
        var breaking = training.Options with
        {
            Samples = samples => ++reads == 4 ? throw new IOException("The disk is gone.")
            : TinyTraining.Samples(samples)
        };
        var supervisor =
            Sys.ActorOf(ActorProps.Trainers(options, _ => new ReplicaDevice(breaking), new TrainerSupervisorLife(), run), "trainers");
        var (round, all) = (new Round(1, 0), new LaneBlock(0, TinyTraining.Lanes));
        training.Transport.Open(round);
        var key = Start(supervisor, 1)[0];
        for (var life = 1; life <= 2; life++)
        {
            supervisor.Tell(new TellTrainer(key, new LoadState(new FreshState(), 0, 10)));
            supervisor.Tell(new TellTrainer(key, new ComputeLanes(new Ticket(1, round), [all], SkipList.Empty)));
            if (life == 2)
                break;
            Expect<TrainerLost>().Reason.ShouldBe("IOException: The disk is gone.");
            key = Expect<TrainerStarted>().Trainer;
        }

        Expect<BlockComputed>().Trainer.ShouldBe(key);
        training.Transport.Holds(round, all).ShouldBeTrue();

        // The sum; trainers hold nothing between blocks.
        training.Transport.Memory.Rented.ShouldBe(1);
        training.Transport.Close(round);
        Stop(supervisor);
        training.Transport.Memory.Rented.ShouldBe(0);
    }

    [Fact]
    public void A_batch_that_is_only_tried_tells_the_norms_of_the_whole_gradient_and_of_its_parts()
    {
        (double Norm, PartNorms? Parts) expected = default;
        var all = new LaneBlock(0, TinyTraining.Lanes);
        var thread = new Thread(() =>
        {
            ComputeThreads.Set(1);
            using var replica = new Replica(TinyTraining.Replica);
            var total = replica.Gradient(all, static lane => TinyTraining.Samples(TinyTraining.Plan.Samples(3, lane, SkipList.Empty)),
                TinyTraining.TokensPerStep);
            expected = new TensorNorms(TinyTraining.Layout).Measure(total.Gradient);
            replica.ReturnGradient(total.Gradient);
        });
        thread.Start();
        thread.WaitToEnd();

        using var training = new TinyTraining();
        var supervisor = Supervise(training, threads: 1);
        var key = Start(supervisor, 1)[0];
        supervisor.Tell(new TellTrainer(key, new LoadState(new FreshState(), 0, 12)));
        supervisor.Tell(new TellTrainer(key, new RecomputeBlock(new Ticket(1, new Round(1, 0)), all, 3, SkipList.Empty, 0)));
        var result = Expect<BlockRecomputed>().Result;
        result.Norm.ShouldBe(expected.Norm);
        result.PartNorms.ShouldBe(expected.Parts);
        expected.Parts.ShouldNotBeNull().Embedding.ShouldBeGreaterThan(0);
        expected.Parts.Blocks.ShouldHaveSingleItem().ShouldBeGreaterThan(0);
        result.LaneLosses.Count.ShouldBe(TinyTraining.Lanes);
        Stop(supervisor);
    }

    [Fact]
    public void An_evaluation_in_pieces_between_lanes_measures_what_it_measures_in_one()
    {
        ValidationLoss expected = null!;
        var thread = new Thread(() =>
        {
            using var training = new TinyTraining();
            using var replica = new Replica(TinyTraining.Replica);
            ComputeThreads.Set(1);
            expected = ValidationLoss.Measure(replica.Model, training.Options.Validation!(), TinyTraining.ByteCounts);
        });
        thread.Start();
        thread.WaitToEnd();

        using var training = new TinyTraining();
        var supervisor = Supervise(training, threads: 1);
        var key = Start(supervisor, 1)[0];
        training.Transport.Open(new Round(1, 0));
        supervisor.Tell(new TellTrainer(key, new LoadState(new FreshState(), 0, 11)));
        supervisor.Tell(new TellTrainer(key, new Evaluate(0)));
        supervisor.Tell(new TellTrainer(key, new ComputeLanes(new Ticket(1, new Round(1, 0)), [new LaneBlock(0, 2)], SkipList.Empty)));
        Expect<Evaluated>().ShouldBe(new Evaluated(key, 0, expected.Loss, expected.Perplexity, expected.BitsPerByte));
        Expect<BlockComputed>().Result.Positions.ShouldBe(Enumerable.Range(0, 8).Select(static position => (long)position));
        Stop(supervisor);
    }

    private IActorRef Supervise(TinyTraining training, int threads)
    {
        var (run, options) = (TestActor, new TrainerSupervisorOptions { Threads = threads });
        var supervisor =
            Sys.ActorOf(ActorProps.Trainers(options, _ => training.MakeDevice(), new TrainerSupervisorLife(), run), "trainers");
        Expect<TrainerSupervisorStarted>();
        return supervisor;
    }

    private IActorRef[] Reducers(TinyTraining training, int count)
    {
        var (run, transport) = (TestActor, training.Transport);
        return [.. Enumerable.Range(0, count).Select(
            i => Sys.ActorOf(Props.Create(() => new GradientReducer(i, TinyTraining.Lanes, transport, run, null)), $"reducer-{i}"))];
    }

    private TrainerKey[] Start(IActorRef supervisor, int count)
    {
        for (var number = 0; number < count; number++)
            supervisor.Tell(new StartTrainer(number, 0));
        return [.. Enumerable.Range(0, count).Select(_ => Expect<TrainerStarted>().Trainer)];
    }

    private (double Loss, double GradientNorm) Compute(IActorRef supervisor, IActorRef[] reducers, TrainerKey[] keys, Round round)
    {
        var shares = LaneBlock.Share(TinyTraining.Lanes, keys.Length);
        for (var i = 0; i < keys.Length; i++)
            supervisor.Tell(new TellTrainer(keys[i], new ComputeLanes(new Ticket(1, round), shares[i], SkipList.Empty)));
        var losses = new LaneTree<double>(TinyTraining.Lanes, static (left, right) => left + right);
        while (!losses.IsComplete)
        {
            var computed = Expect<BlockComputed>();
            losses.Add(computed.Block, computed.Result.Loss);
            foreach (var reducer in reducers)
                reducer.Tell(new AddBlock(round, computed.Block));
        }

        var reduced = Enumerable.Range(0, reducers.Length).Select(_ => Expect<ShardReduced>()).OrderBy(static shard => shard.Reducer)
            .ToList();
        return (losses.Total(), GradientNorm.OfSquares(reduced.SelectMany(static shard => shard.Squares)));
    }

    private T Expect<T>() => FishForMessage<T>(static _ => true, Patience);

    private void Stop(IActorRef supervisor)
    {
        Watch(supervisor);
        Sys.Stop(supervisor);
        FishForMessage<Terminated>(gone => gone.ActorRef.Equals(supervisor), Patience);
    }
}
