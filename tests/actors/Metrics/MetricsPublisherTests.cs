using ActorTrain.Actors.Metrics;
using ActorTrain.Persistence.Metrics;
using Akka.Actor;
using Akka.TestKit.Xunit2;

namespace ActorTrain.Actors.Tests.Metrics;

public sealed class MetricsPublisherTests : TestKit
{
    private readonly TestFolder folder = new();

    [Fact]
    public void It_says_that_it_lives_and_answers()
    {
        using var files = new MetricsFiles(MetricsFilesTests.Options(folder));
        var publisher = Start(files);
        ExpectMsg<PublisherStarted>();
        publisher.Tell(new Rewind(0, 0));
        ExpectMsg(new Published(0));
        publisher.Tell(MetricsFilesTests.Step(1, 1));
        ExpectMsg(new Published(1));
        publisher.Tell(new FlushMetrics(1));
        ExpectMsg(new MetricsDurable(1));
    }

    [Fact]
    public void After_a_restart_it_goes_on_where_it_was()
    {
        using var files = new MetricsFiles(MetricsFilesTests.Options(folder));
        var publisher = Start(files);
        ExpectMsg<PublisherStarted>();
        publisher.Tell(new Rewind(0, 0));
        publisher.Tell(MetricsFilesTests.Step(1, 1));
        ExpectMsg(new Published(0));
        ExpectMsg(new Published(1));
        publisher.Tell(Kill.Instance);
        Watch(publisher);
        ExpectTerminated(publisher);

        var next = Start(files);
        ExpectMsg<PublisherStarted>();
        next.Tell(new Rewind(0, 0));
        ExpectMsg(new Published(1));
        next.Tell(MetricsFilesTests.Step(2, 2));
        ExpectMsg(new Published(2));
        MetricsLog.Read(folder.At("metrics.jsonl")).Select(static row => row.Step).ShouldBe([1, 2]);
    }

    [Fact]
    public void A_disk_that_refuses_is_told()
    {
        Directory.CreateDirectory(folder.At("metrics.jsonl"));
        using var files = new MetricsFiles(MetricsFilesTests.Options(folder));
        var publisher = Start(files);
        ExpectMsg<PublisherStarted>();
        publisher.Tell(new Rewind(0, 0));
        ExpectMsg<MetricsFailed>().Reason.ShouldContain("metrics.jsonl");
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        folder.Dispose();
    }

    private IActorRef Start(MetricsFiles files)
    {
        var listener = TestActor;
        return Sys.ActorOf(Props.Create(() => new MetricsPublisher(files, listener, null)));
    }
}
