using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Chaos;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Terms;
using Akka.Actor;
using Akka.TestKit.Xunit2;

namespace ActorTrain.Actors.Tests.Metrics;

public sealed class MetricsPublisherTests() : TestKit(Training.TinyTraining.Settings)
{
    private readonly TestFolder folder = new();

    [Fact]
    public void It_says_that_it_lives_and_answers()
    {
        var publisher = Start();
        var life = ExpectMsg<PublisherStarted>().Life;
        publisher.Tell(new GoOnAfter(life, 0, 0));
        ExpectMsg(new Published(life, 0));
        publisher.Tell(MetricsFilesTests.Step(1, 1));
        ExpectMsg(new Published(life, 1));
        publisher.Tell(new FlushMetrics(1));
        ExpectMsg(new MetricsDurable(life, 1));
    }

    [Fact]
    public void After_a_restart_what_was_said_to_the_life_before_takes_nothing_away()
    {
        var publisher = Start(new Once());
        var first = ExpectMsg<PublisherStarted>().Life;
        publisher.Tell(new GoOnAfter(first, 0, 0));
        publisher.Tell(MetricsFilesTests.Step(1, 1));
        ExpectMsg(new Published(first, 0));
        ExpectMsg(new Published(first, 1));
        publisher.Tell(new FlushMetrics(1));
        publisher.Tell(new GoOnAfter(first, 0, 0));
        var second = ExpectMsg<PublisherStarted>().Life;
        second.ShouldNotBe(first);
        ExpectMsg(new PublisherStarted(second));
        publisher.Tell(new GoOnAfter(second, 1, 1));
        ExpectMsg(new Published(second, 1));
        publisher.Tell(MetricsFilesTests.Step(2, 2));
        ExpectMsg(new Published(second, 2));
        MetricsLog.Read(folder.At("metrics.jsonl")).Select(static row => row.Step).ShouldBe([1, 2]);
    }

    [Fact]
    public void A_disk_that_refuses_is_told()
    {
        Directory.CreateDirectory(folder.At("metrics.jsonl"));
        var publisher = Start();
        publisher.Tell(new GoOnAfter(ExpectMsg<PublisherStarted>().Life, 0, 0));
        ExpectMsg<MetricsFailed>().Reason.ShouldContain("metrics.jsonl");
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        folder.Dispose();
    }

    private IActorRef Start(IFaultInjector? faults = null)
    {
        MessageFaults.Of(Sys).Injector = faults;
        var listener = TestActor;
        return Sys.ActorOf(Props.Create(() => new MetricsPublisher(MetricsFilesTests.Options(folder), RunTerm.None, listener)));
    }

    /// <summary>Breaks the actor at the first flush.</summary>
    private sealed class Once : IFaultInjector
    {
        public Fault Choose(string actor, object message) => message is FlushMetrics ? Fault.Throw : Fault.None;
    }
}
