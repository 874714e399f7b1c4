using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;

namespace ActorTrain.Actors.Tests.Metrics;

public sealed class MetricsLogicTests : IDisposable
{
    private readonly Log log = new();

    public void Dispose() => log.Dispose();

    [Fact]
    public void A_disk_that_refuses_leaves_everything_to_be_asked_again()
    {
        using var metrics = new MetricsLogic(5, log);
        log.Refuses = true;
        Should.Throw<UserErrorException>(() => metrics.Handle(new GoOnAfter(5, 0, 0)));
        log.Refuses = false;
        metrics.Handle(MetricsFilesTests.Step(1, 1)).ShouldBe(new PublisherStarted(5));
        metrics.Handle(new GoOnAfter(5, 0, 0)).ShouldBe(new Published(5, 0));
        log.Refuses = true;
        Should.Throw<UserErrorException>(() => metrics.Handle(MetricsFilesTests.Step(1, 1)));
        log.Refuses = false;
        metrics.Handle(MetricsFilesTests.Step(1, 1)).ShouldBe(new Published(5, 1));
        metrics.Handle(new FlushMetrics(1)).ShouldBe(new MetricsDurable(5, 1));
        log.Lines.ShouldBe(["open 0", "step 1", "flush"]);
    }

    [Fact]
    public void No_step_is_left_out()
    {
        using var metrics = new MetricsLogic(5, log);
        metrics.Handle(new GoOnAfter(5, 0, 7));
        Should.Throw<InvariantException>(() => metrics.Handle(MetricsFilesTests.Step(1, 9)))
            .Message.ShouldContain("Step 9 is measured, and the metrics end at step 7");
        Should.Throw<InvariantException>(() => metrics.Handle(new Publish(1, new EvaluationMeasurement(8, 1, 1, 1))));
        Should.Throw<InvariantException>(() => metrics.Handle(new Rewind(1, 8)));
        metrics.Handle(MetricsFilesTests.Step(1, 8)).ShouldBe(new Published(5, 1));
        metrics.Handle(new Rewind(2, 4)).ShouldBe(new Published(5, 2));
        Should.Throw<InvariantException>(() => metrics.Handle(MetricsFilesTests.Step(3, 8)));
        metrics.Handle(MetricsFilesTests.Step(3, 5)).ShouldBe(new Published(5, 3));
    }

    private sealed class Log : IMetricsFiles
    {
        public List<string> Lines { get; } = [];

        public bool Refuses { get; set; }

        public void Open(long afterStep) => Write($"open {afterStep}");

        public void Rewind(long afterStep, string reason) => Write($"rewind {afterStep}");

        public void Append(Measurement measurement) => Write($"step {measurement.Step}");

        public void Flush() => Write("flush");

        public void Dispose()
        {
        }

        private void Write(string line)
        {
            if (Refuses)
                throw new UserErrorException("The disk is full.");
            Lines.Add(line);
        }
    }
}
