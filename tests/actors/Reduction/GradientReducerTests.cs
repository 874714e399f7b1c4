using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Chaos;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Storage;
using Akka.Actor;
using Akka.TestKit.Xunit2;

namespace ActorTrain.Actors.Tests.Reduction;

public sealed class GradientReducerTests() : TestKit(Training.TinyTraining.Settings)
{
    private static readonly Round Round = new(1, 0);

    [Fact]
    public void One_that_failed_says_that_it_lives_again_and_gives_the_same_answer_when_told_everything_again()
    {
        using var transport = new LocalGradientTransport(1000, lanes: 4, reducers: 1, capacity: 8);
        transport.Open(Round);
        foreach (var lane in Enumerable.Range(0, 4))
        {
            var vector = transport.Memory.Rent();
            vector.bytes[4 * lane + 3] = 0x3F;
            transport.Publish(Round, new LaneBlock(lane, 1), vector, FlatChecksum.Of(vector));
        }

        var (run, calls) = (TestActor, 0);
        var faults = new Chance(_ => ++calls == 3 ? Fault.ThrowAfter : calls == 6 ? Fault.Duplicate : Fault.None);
        MessageFaults.Of(Sys).Injector = faults;
        var reducer = Sys.ActorOf(Props.Create(() => new GradientReducer(0, 4, transport, run, null)));
        ExpectMsg<ReducerStarted>();
        foreach (var lane in new[] { 2, 0, 1 })
            reducer.Tell(new AddBlock(Round, new LaneBlock(lane, 1)));
        ExpectMsg<ReducerStarted>().Reducer.ShouldBe(0);
        foreach (var lane in new[] { 3, 0, 1, 2 })
            reducer.Tell(new AddBlock(Round, new LaneBlock(lane, 1)));
        var squares = ExpectMsg<ShardReduced>().Squares;
        squares.ShouldBe([1.0]);
        reducer.Tell(new AddBlock(Round, new LaneBlock(2, 1)));
        ExpectMsg<ShardReduced>().Squares.ShouldBe(squares);
        Watch(reducer);
        Sys.Stop(reducer);
        ExpectTerminated(reducer);
        transport.Close(Round);
        transport.Memory.Rented.ShouldBe(0);
    }

    [Fact]
    public void One_that_finds_a_flipped_bit_says_so_and_goes_on_with_the_next_round()
    {
        using var transport = new LocalGradientTransport(1000, lanes: 2, reducers: 1, capacity: 8);
        var run = TestActor;
        var reducer = Sys.ActorOf(Props.Create(() => new GradientReducer(0, 2, transport, run, null)));
        ExpectMsg<ReducerStarted>();
        for (var number = 1; number <= 2; number++)
        {
            var round = Round with { Number = number };
            transport.Open(round);
            foreach (var lane in new[] { 0, 1 })
            {
                var vector = transport.Memory.Rent();
                var checksum = FlatChecksum.Of(vector);
                if (number == 1 && lane == 1)
                    BitFlip.At(vector, 777);
                transport.Publish(round, new LaneBlock(lane, 1), vector, checksum);
                reducer.Tell(new AddBlock(round, new LaneBlock(lane, 1)));
            }

            if (number == 1)
                ExpectMsg<BlockDamaged>().Block.ShouldBe(new LaneBlock(1, 1));
            else
                ExpectMsg<ShardReduced>().Round.ShouldBe(round);
            transport.Close(round);
        }
    }

    private sealed class Chance(Func<object, Fault> choose) : IFaultInjector
    {
        public Fault Choose(string actor, object message) => choose(message);
    }
}
