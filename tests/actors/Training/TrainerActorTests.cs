using System.Collections.Concurrent;
using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Actors.Training;
using ActorTrain.Chaos;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Runtime;
using Akka.Actor;
using Akka.TestKit.Xunit2;
using static TorchSharp.torch;

namespace ActorTrain.Actors.Tests.Training;

public sealed class TrainerActorTests() : TestKit(TinyTraining.Settings)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly Ticket Ticket = new(1, new Round(1, 0));
    private readonly ConcurrentQueue<ProbeDevice> devices = [];

    [Fact]
    public void Each_life_of_a_trainer_has_a_thread_of_its_own_on_which_its_device_is_made_used_and_freed()
    {
        var supervisor = Supervise();
        var keys = new[] { Start(supervisor, 0, 0), Start(supervisor, 1, 0) };
        foreach (var key in keys)
        {
            supervisor.Tell(new TellTrainer(key, new LoadState(new FreshState(), 0, 1)));
            supervisor.Tell(new TellTrainer(key, Compute(new LaneBlock(4 * key.Number, 4))));
        }

        Expect<BlockComputed>();
        Expect<BlockComputed>();
        foreach (var key in keys)
            supervisor.Tell(new RetireTrainer(key.Number));
        AwaitCondition(() => devices.Count == 2 && devices.All(static device => device.IsFreed), Patience);
        devices.ShouldAllBe(static device => device.Threads.Count == 1);
        devices.SelectMany(static device => device.Threads).Distinct().Count().ShouldBe(2);
    }

    [Fact]
    public void One_that_throws_is_reported_with_its_reason_freed_and_lives_again_under_another_name()
    {
        var supervisor = Supervise();
        var key = Start(supervisor, 0, 0);
        supervisor.Tell(new TellTrainer(key, new LoadState(new FreshState(), 0, 1)));
        Expect<StateLoaded>();
        devices.Single().Break = new InvalidDataException("The lane is no good.");
        supervisor.Tell(new TellTrainer(key, Compute(new LaneBlock(0, 8))));
        Expect<TrainerLost>().ShouldBe(new TrainerLost(key, "InvalidDataException: The lane is no good."));
        Expect<TrainerStarted>().Trainer.ShouldBe(new TrainerKey(0, 2));
        AwaitCondition(() => devices.First().IsFreed, Patience);
        supervisor.Tell(new TellTrainer(key, new LoadState(new FreshState(), 0, 1)));
        supervisor.Tell(new TellTrainer(new TrainerKey(0, 2), new LoadState(new FreshState(), 0, 1)));
        Expect<StateLoaded>().Trainer.ShouldBe(new TrainerKey(0, 2));
    }

    [Fact]
    public void One_whose_device_cannot_be_made_is_reported_with_its_reason_and_given_up_in_the_end()
    {
        var supervisor = Supervise(makeDevice: static () => throw new InvalidOperationException("No room for a replica."), losses: 2);
        Start(supervisor, 0, 0);
        for (var life = 1; life <= 3; life++)
            Expect<TrainerLost>().ShouldBe(new TrainerLost(new TrainerKey(0, life), "InvalidOperationException: No room for a replica."));
        Expect<TrainerGivenUp>().Report.ShouldContain("was lost 3 times");
    }

    [Fact]
    public void One_that_hangs_is_let_go_others_go_on_and_when_it_comes_back_it_frees_its_memory_and_says_nothing()
    {
        var supervisor = Supervise();
        var (hung, other) = (Start(supervisor, 0, 0), Start(supervisor, 1, 0));
        supervisor.Tell(new TellTrainer(hung, new LoadState(new FreshState(), 0, 1)));
        Expect<StateLoaded>();
        using var gate = new ManualResetEventSlim();
        var device = devices.Single(device => device.Key == hung);
        device.Hang = gate;
        supervisor.Tell(new TellTrainer(hung, Compute(new LaneBlock(0, 1))));
        device.IsHanging.Wait(Patience).ShouldBeTrue();
        supervisor.Tell(new AbandonTrainer(hung, "It hangs."));
        Expect<TrainerLost>().ShouldBe(new TrainerLost(hung, "It hangs."));
        var next = Expect<TrainerStarted>().Trainer;
        next.ShouldBe(new TrainerKey(0, 2));
        supervisor.Tell(new TellTrainer(next, new LoadState(new FreshState(), 0, 1)));
        supervisor.Tell(new TellTrainer(other, new LoadState(new FreshState(), 0, 1)));
        Expect<StateLoaded>();
        Expect<StateLoaded>();
        device.IsFreed.ShouldBeFalse();
        gate.Set();
        AwaitCondition(() => device.IsFreed, Patience);
        device.Threads.Count.ShouldBe(1);
    }

    [Fact]
    public void One_that_hung_before_it_began_does_nothing_of_what_it_was_told_once_it_was_let_go()
    {
        using var faults = new HangOnce("trainer-0", static message => message is CopyState);
        var supervisor = Supervise(faults: faults);
        var key = Start(supervisor, 0, 0);
        supervisor.Tell(new TellTrainer(key, new LoadState(new FreshState(), 0, 1)));
        supervisor.Tell(new TellTrainer(key, new CopyState(0, 0, 5)));
        faults.IsHanging.Wait(Patience).ShouldBeTrue();
        supervisor.Tell(new AbandonTrainer(key, "It hangs."));
        Expect<TrainerLost>();
        faults.Release();
        var device = devices.First();
        AwaitCondition(() => device.IsFreed, Patience);
        device.Copies.ShouldBe(0);
    }

    [Fact]
    public void A_reminder_to_itself_that_is_lost_or_doubled_costs_no_lane_and_computes_none_twice()
    {
        var random = new Random(4);
        var supervisor = Supervise(faults: new Chance(message => message is Trainer.Work
            ? random.Next(3) switch { 0 => Fault.Drop, 1 => Fault.Duplicate, _ => Fault.None } : Fault.None));
        var key = Start(supervisor, 0, 0);
        supervisor.Tell(new TellTrainer(key, new LoadState(new FreshState(), 0, 1)));
        var computed = new List<int>();
        for (var asked = 0; computed.Count < 8; asked++)
        {
            asked.ShouldBeLessThan(1000, "the lanes were never all computed");
            supervisor.Tell(new TellTrainer(key, Compute(new LaneBlock(0, 8))));
            while (ReceiveOne(TimeSpan.FromMilliseconds(50)) is { } message)
            {
                if (message is LaneComputed lane)
                    computed.Add(lane.Lane);
            }
        }

        computed.ShouldBe(Enumerable.Range(0, 8));
    }

    [Fact]
    public void When_its_supervisor_fails_every_trainer_goes_with_it()
    {
        var supervisor = Supervise(faults: new Chance(static message => message is RetireTrainer ? Fault.Throw : Fault.None));
        Start(supervisor, 0, 0);
        Start(supervisor, 1, 0);
        AwaitCondition(() => devices.Count == 2, Patience);
        supervisor.Tell(new RetireTrainer(0));
        Expect<TrainerSupervisorStarted>();
        devices.Count(static device => device.IsFreed).ShouldBe(2);
        Start(supervisor, 0, 1).ShouldBe(new TrainerKey(0, 2));
    }

    [Fact]
    public void Threads_of_two_trainers_are_set_apart_from_each_other()
    {
        var counts = new int[2];
        using var barrier = new Barrier(2);
        var threads = Enumerable.Range(0, 2).Select(i => new Thread(() =>
        {
            ComputeThreads.Set(i + 1);
            barrier.SignalAndWait(Patience);
            using var sum = ones(100_000).sum();
            counts[i] = get_num_threads();
        })).ToList();
        threads.ForEach(static thread => thread.Start());
        threads.ForEach(static thread => thread.WaitToEnd());
        counts.ShouldBe([1, 2]);
    }

    private static ComputeLanes Compute(LaneBlock block) => new(Ticket, [block], SkipList.Empty);

    private IActorRef Supervise(Func<ITrainerDevice>? makeDevice = null, int losses = 10, IFaultInjector? faults = null)
    {
        var options = new TrainerSupervisorOptions { MinBackoff = TimeSpan.FromMilliseconds(1), MaxLosses = losses };
        var run = TestActor;
        Func<TrainerKey, ITrainerDevice> make = key =>
        {
            if (makeDevice is not null)
                return makeDevice();
            var device = new ProbeDevice(key);
            devices.Enqueue(device);
            return device;
        };
        MessageFaults.Of(Sys).Injector = faults;
        var supervisor = Sys.ActorOf(ActorProps.Trainers(options, make, new TrainerSupervisorLife(), run), "trainers");
        Expect<TrainerSupervisorStarted>();
        return supervisor;
    }

    private TrainerKey Start(IActorRef supervisor, int number, int after)
    {
        supervisor.Tell(new StartTrainer(number, after));
        return Expect<TrainerStarted>().Trainer;
    }

    private T Expect<T>() => FishForMessage<T>(static _ => true, Patience);

    private sealed class Chance(Func<object, Fault> choose) : IFaultInjector
    {
        public Fault Choose(string actor, object message) => choose(message);
    }

    private sealed class HangOnce(string victim, Func<object, bool> which) : IFaultInjector, IDisposable
    {
        private readonly ManualResetEventSlim gate = new();

        public ManualResetEventSlim IsHanging { get; } = new();

        public Fault Choose(string actor, object message) => actor == victim && which(message) ? Fault.Hang : Fault.None;

        public void Hang(string actor)
        {
            IsHanging.Set();
            gate.Wait(Patience);
        }

        public void Release() => gate.Set();

        public void Dispose()
        {
            gate.Dispose();
            IsHanging.Dispose();
        }
    }

    private sealed class ProbeDevice : ITrainerDevice
    {
        private readonly ConcurrentDictionary<int, bool> threads = [];

        public ProbeDevice(TrainerKey key)
        {
            Key = key;
            Note();
        }

        public TrainerKey Key { get; }

        public ICollection<int> Threads => threads.Keys;

        public Exception? Break { get; set; }

        public ManualResetEventSlim? Hang { get; set; }

        public ManualResetEventSlim IsHanging { get; } = new();

        public int Copies { get; private set; }

        public bool IsFreed { get; private set; }

        public string? Load(StateSource source, long atStep, OwnedShards? shards)
        {
            Note();
            return null;
        }

        public void Begin(LaneBlock block) => Note();

        public void GiveUp() => Note();

        public int LanesAtOnce => 1;

        public void ComputeLanes(long batchStep, LaneBlock lanes, SkipList skips, bool isRedundant)
        {
            Note();
            if (Break is not null)
                throw Break;
            if (Hang is null)
                return;
            IsHanging.Set();
            Hang.Wait(Patience);
        }

        public BlockResult? Publish(Round round) => new(1, [1], [], 1);

        public BlockResult Measure(long atStep, double? previewRate) => new(1, [1], [], 1);

        public double? Preview(Round round, double gradientNorm, double learningRate) => 1;

        public AppliedUpdate? Apply(Round round, double gradientNorm, UpdateAdjustment adjustment) => new(1, null);

        public CopiedState? Copy(ISnapshots into, long atStep) => null;

        public IReadOnlyList<ShardChecksum>? UpdateShards(Round round, double gradientNorm, UpdateAdjustment adjustment) => [];

        public CopiedState? Copy(CopyState copy)
        {
            Copies++;
            return new CopiedState(1, null);
        }

        public void BeginEvaluation() => Note();

        public ValidationLoss? EvaluateBatch() => new(1, 1, 1);

        public void Dispose()
        {
            Note();
            IsFreed = true;
        }

        private void Note() => threads[Environment.CurrentManagedThreadId] = true;
    }
}
