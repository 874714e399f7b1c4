using ActorTrain.Actors.Faults;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Run;
using ActorTrain.Models.Lanes;
using Akka.Actor;
using Akka.TestKit.Xunit2;

namespace ActorTrain.Actors.Tests.Reduction;

public sealed class GradientReducerTests() : TestKit("akka.logger-startup-timeout = 60s")
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
            transport.Publish(Round, new LaneBlock(lane, 1), vector);
        }

        var (run, calls) = (TestActor, 0);
        var faults = new Chance(_ => ++calls == 3 ? Fault.ThrowAfter : calls == 6 ? Fault.Duplicate : Fault.None);
        var reducer = Sys.ActorOf(Props.Create(() => new GradientReducer(0, 4, transport, run, faults)));
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

    private sealed class Chance(Func<object, Fault> choose) : IFaultInjector
    {
        public Fault Choose(string actor, object message) => choose(message);

        public void Hang(string actor)
        {
        }
    }
}
