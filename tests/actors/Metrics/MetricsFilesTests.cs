using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Optimization;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Metrics;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Actors.Tests.Metrics;

public sealed class MetricsFilesTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly MetricsFiles files;

    public MetricsFilesTests() => files = new MetricsFiles(Options(folder), life: 5);

    public void Dispose()
    {
        files.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_step_is_written_with_its_figures_and_what_was_read()
    {
        files.Obey(new GoOnAfter(5, 0, 0)).ShouldBe(new Published(5, 0));
        files.Obey(new Publish(1, new StepMeasurement(1, 3.5, 0.5, TimeSpan.FromSeconds(0.5), [0, 1, 2, 3, 8, 9, 10, 11]) { LearningRate = 5e-4, LaneLoss = 4, EmbeddingNorm = 0.25, BlockNorm = 0.375, UpdateNorm = 0.125 })).ShouldBe(new Published(5, 1));
        files.Obey(new Publish(2, new EvaluationMeasurement(1, 3, 20, 1.5))).ShouldBe(new Published(5, 2));
        files.Obey(new FlushMetrics(2)).ShouldBe(new MetricsDurable(5, 2));
        MetricsLog.Read(folder.At("metrics.jsonl")).ShouldBe(
            [new StepMetrics(1, 3.5, 0.5, 5e-4, 128, 0.5, 256, 100 * 256 * 10.0 / 5120) { LaneLoss = 4, EmbeddingNorm = 0.25, BlockNorm = 0.375, UpdateNorm = 0.125 }, new EvaluationMetrics(1, 3, 20, 1.5)]);
        SampleLedger.Read(folder.At("samples.jsonl")).ShouldBe([new SampleRow(1, 3.5, [new(0, 4), new(8, 4)])]);
    }

    [Fact]
    public void Before_it_knows_where_it_stands_it_asks()
    {
        MetricsCommand[] early = [Step(1, 1), new FlushMetrics(1), new Rewind(1, 0), new GoOnAfter(4, 1, 0)];
        foreach (var command in early)
            files.Obey(command).ShouldBe(new PublisherStarted(5));
        Steps().ShouldBeEmpty();
        files.Obey(new GoOnAfter(5, 7, 0)).ShouldBe(new Published(5, 7));
        files.Obey(Step(8, 1)).ShouldBe(new Published(5, 8));
    }

    [Fact]
    public void What_came_before_is_only_answered_and_what_comes_too_early_waits()
    {
        files.Obey(new GoOnAfter(5, 0, 0));
        files.Obey(Step(1, 1));
        files.Obey(Step(3, 3)).ShouldBeNull();
        files.Obey(new Rewind(4, 0)).ShouldBeNull();
        files.Obey(new FlushMetrics(2)).ShouldBeNull();
        files.Obey(Step(1, 1)).ShouldBe(new Published(5, 1));
        files.Obey(new GoOnAfter(5, 0, 0)).ShouldBe(new Published(5, 1));
        files.Obey(Step(2, 2)).ShouldBe(new Published(5, 2));
        Steps().ShouldBe([1, 2]);
    }

    [Fact]
    public void The_learning_rate_is_the_one_that_was_taken()
    {
        files.Obey(new GoOnAfter(5, 0, 0));
        double[] rates = [3e-4, 2.5e-5];
        for (var i = 0; i < rates.Length; i++)
            files.Obey(new Publish(i + 1, (StepMeasurement)Step(i + 1, i + 1).Measurement with { LearningRate = rates[i] }));
        MetricsLog.Read(folder.At("metrics.jsonl")).Cast<StepMetrics>().Select(static row => row.LearningRate).ShouldBe(rates);
    }

    [Fact]
    public void Going_back_drops_what_is_measured_again()
    {
        files.Obey(new GoOnAfter(5, 0, 0));
        for (var step = 1; step <= 5; step++)
            files.Obey(Step(step, step));
        files.Obey(new Rewind(6, 2)).ShouldBe(new Published(5, 6));
        Steps().ShouldBe([1, 2]);
        files.Obey(Step(7, 3)).ShouldBe(new Published(5, 7));
        Steps().ShouldBe([1, 2, 3]);
    }

    [Fact]
    public void An_evaluation_of_the_step_that_is_kept_is_not_written_twice()
    {
        files.Obey(new GoOnAfter(5, 0, 0));
        files.Obey(Step(1, 1));
        files.Obey(new Publish(2, new EvaluationMeasurement(1, 3, 20, 1.5)));
        using var next = new MetricsFiles(Options(folder), life: 6);
        next.Obey(new GoOnAfter(6, 0, 1));
        next.Obey(new Publish(1, new EvaluationMeasurement(1, 3, 20, 1.5))).ShouldBe(new Published(6, 1));
        next.Obey(Step(2, 2)).ShouldBe(new Published(6, 2));
        MetricsLog.Read(folder.At("metrics.jsonl")).Select(static row => (row.Step, row is StepMetrics)).ShouldBe([(1, true), (1, false), (2, true)]);
    }

    [Fact]
    public void A_disk_that_refuses_is_told_in_one_sentence()
    {
        Directory.CreateDirectory(folder.At("samples.jsonl"));
        Should.Throw<UserErrorException>(() => files.Obey(new GoOnAfter(5, 0, 0))).Message.ShouldContain("samples.jsonl");
    }

    // Whatever is lost, repeated, or comes late: sent again until it is answered, each measurement stands in both files once and in order.
    [Fact]
    public void Every_measurement_is_written_once_under_any_loss_and_repetition()
    {
        Prop.ForAll(Gen.Choose(1, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            using var here = new TestFolder();
            using var log = new MetricsFiles(Options(here), life: 5);
            var random = new Random(seed);
            MetricsCommand[] commands = [new GoOnAfter(5, 0, 0), .. Enumerable.Range(1, 8).Select(step => Step(step, step)), new Rewind(9, 5), .. Enumerable.Range(10, 6).Select(number => Step(number, number - 4))];
            long acknowledged = -1;
            for (var turn = 0; acknowledged < commands.Length - 1 && turn < 10_000; turn++)
            {
                // Anything that was sent may come at any time, the next ones included.
                var index = Math.Min(commands.Length - 1, random.Next(0, (int)acknowledged + 4));
                if (acknowledged < 0)
                    index = 0;
                if (log.Obey(commands[index]) is Published published)
                    acknowledged = Math.Max(acknowledged, published.Number);
            }

            long[] expected = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
            return MetricsLog.Read(here.At("metrics.jsonl")).Select(static row => row.Step).SequenceEqual(expected)
                && SampleLedger.Read(here.At("samples.jsonl")).Select(static row => row.Step).SequenceEqual(expected);
        }).QuickCheckThrowOnFailure();
    }

    internal static MetricsOptions Options(TestFolder folder) => new()
    {
        MetricsFile = folder.At("metrics.jsonl"),
        LedgerFile = folder.At("samples.jsonl"),
        TokensPerStep = 128,
        FlopsPerToken = 10,
        GemmRate = 5120,
    };

    internal static Publish Step(long number, long step) =>
        new(number, new StepMeasurement(step, 1.0 / step, 0.5, TimeSpan.FromSeconds(1), [.. Enumerable.Range(0, 8).Select(i => (step - 1) * 8 + i)]));

    private long[] Steps() => File.Exists(folder.At("samples.jsonl")) ? [.. SampleLedger.Read(folder.At("samples.jsonl")).Select(static row => row.Step)] : [];
}
