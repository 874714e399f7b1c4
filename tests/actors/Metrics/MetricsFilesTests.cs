using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Logs;
using ActorTrain.Persistence.Metrics;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Actors.Tests.Metrics;

public sealed class MetricsFilesTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly List<string> warnings = [];
    private readonly MetricsLogic files;

    public MetricsFilesTests() => files = Files(5);

    public void Dispose()
    {
        files.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_step_is_written_with_its_figures_and_what_was_read()
    {
        files.Handle(new GoOnAfter(5, 0, 0)).ShouldBe(new Published(5, 0));
        files.Handle(
            new Publish(1, new StepMeasurement(1, 3.5, 0.5, TimeSpan.FromSeconds(0.5), [0, 1, 2, 3, 8, 9, 10, 11])
            {
                LearningRate = 5e-4,
                LaneLoss = 4,
                EmbeddingNorm = 0.25,
                BlockNorm = 0.375,
                UpdateNorm = 0.125
            })).ShouldBe(new Published(5, 1));
        files.Handle(new Publish(2, new EvaluationMeasurement(1, 3, 20, 1.5))).ShouldBe(new Published(5, 2));
        files.Handle(new FlushMetrics(2)).ShouldBe(new MetricsDurable(5, 2));
        MetricsLog.Read(folder.At("metrics.jsonl")).ShouldBe(
            [new StepMetrics(1, 3.5, 0.5, 5e-4, 128, 0.5, 256, 100 * 256 * 10.0 / 5120) { LaneLoss = 4, EmbeddingNorm = 0.25,
                BlockNorm = 0.375, UpdateNorm = 0.125 }, new EvaluationMetrics(1, 3, 20, 1.5)]);
        SampleLedger.Read(folder.At("samples.jsonl")).ShouldBe([new SampleRow(1, 3.5, [new(0, 4), new(8, 4)])]);
    }

    [Fact]
    public void Before_it_knows_where_it_stands_it_asks()
    {
        MetricsCommand[] early = [Step(1, 1), new FlushMetrics(1), new Rewind(1, 0), new GoOnAfter(4, 1, 0)];
        foreach (var command in early)
            files.Handle(command).ShouldBe(new PublisherStarted(5));
        Steps().ShouldBeEmpty();
        files.Handle(new GoOnAfter(5, 7, 0)).ShouldBe(new Published(5, 7));
        files.Handle(Step(8, 1)).ShouldBe(new Published(5, 8));
    }

    [Fact]
    public void What_came_before_is_only_answered_and_what_comes_too_early_waits()
    {
        files.Handle(new GoOnAfter(5, 0, 0));
        files.Handle(Step(1, 1));
        files.Handle(Step(3, 3)).ShouldBeNull();
        files.Handle(new Rewind(4, 0)).ShouldBeNull();
        files.Handle(new FlushMetrics(2)).ShouldBeNull();
        files.Handle(Step(1, 1)).ShouldBe(new Published(5, 1));
        files.Handle(new GoOnAfter(5, 0, 0)).ShouldBe(new Published(5, 1));
        files.Handle(Step(2, 2)).ShouldBe(new Published(5, 2));
        Steps().ShouldBe([1, 2]);
    }

    [Fact]
    public void The_learning_rate_is_the_one_that_was_taken()
    {
        files.Handle(new GoOnAfter(5, 0, 0));
        double[] rates = [3e-4, 2.5e-5];
        for (var i = 0; i < rates.Length; i++)
            files.Handle(new Publish(i + 1, (StepMeasurement)Step(i + 1, i + 1).Measurement with { LearningRate = rates[i] }));
        MetricsLog.Read(folder.At("metrics.jsonl")).Cast<StepMetrics>().Select(static row => row.LearningRate).ShouldBe(rates);
    }

    [Fact]
    public void Going_back_abandons_what_is_measured_again_and_forgets_nothing()
    {
        files.Handle(new GoOnAfter(5, 0, 0));
        for (var step = 1; step <= 5; step++)
            files.Handle(Step(step, step));
        files.Handle(new Rewind(6, 2) { Reason = "a spike" }).ShouldBe(new Published(5, 6));
        Steps().ShouldBe([1, 2]);
        files.Handle(Step(7, 3)).ShouldBe(new Published(5, 7));
        Steps().ShouldBe([1, 2, 3]);
        foreach (var (branches, abandoned) in new[] { All(Metrics), All(Ledger) })
        {
            branches.ShouldBe(
            [
                new Branch(1, 0, 0, 0, BranchCause.Start, "Run started.", Noon, "here"),
                new Branch(2, 1, 2, 5, BranchCause.Rollback, "a spike", Noon, "here"),
            ]);
            abandoned.ShouldBe([3, 4, 5]);
        }

        Metrics.Line.Select(static row => row.Stamp).ShouldBe(
            [new RowStamp(Noon, 1, 1, "here"), new RowStamp(Noon, 1, 2, "here"), new RowStamp(Noon, 2, 6, "here")]);
        warnings.ShouldBeEmpty();
    }

    [Fact]
    public void A_step_that_comes_to_other_bits_from_the_same_decisions_is_told_once_a_branch()
    {
        files.Handle(new GoOnAfter(5, 0, 0));
        for (var step = 1; step <= 3; step++)
            files.Handle(Step(step, step));
        files.Handle(new Rewind(4, 1));
        files.Handle(Other(5, 2));
        files.Handle(Other(6, 3));
        warnings.ShouldHaveSingleItem().ShouldContain("step 2");
        Metrics.Unequal.Select(static unequal => (unequal.Step, unequal.Was, unequal.Is)).ShouldBe([(2, 1, 2), (3, 1, 2)]);
        Ledger.Unequal.ShouldBeEmpty();

        // From other decisions it may differ; what it is compared with then is the newest of the same.
        files.Handle(new Rewind(7, 1));
        files.Handle(Other(8, 2, "skipped", 7));
        files.Handle(new Rewind(9, 1));
        files.Handle(Other(10, 2, "skipped", 7));
        files.Handle(new Rewind(11, 1));
        files.Handle(Other(12, 2));
        warnings.Count.ShouldBe(1);
        files.Handle(new Rewind(13, 1));
        files.Handle(Other(14, 2, "skipped", 8));
        warnings.Count.ShouldBe(2);
        Metrics.Unequal.Count.ShouldBe(3);
    }

    [Fact]
    public void A_process_that_restarts_again_and_again_before_its_first_row_adds_nothing()
    {
        files.Handle(new GoOnAfter(5, 0, 0));
        files.Handle(Step(1, 1));
        files.Handle(Step(2, 2));
        files.Dispose();
        Resume(after: 1);
        var length = Length();
        for (var restart = 0; restart < 100; restart++)
            Resume(after: 1);
        Length().ShouldBe(length);
        Metrics.Branches.Count.ShouldBe(2);

        void Resume(long after)
        {
            var elsewhere = Options(folder) with { Writer = "elsewhere" };
            using var next = new MetricsLogic(life: 6, new MetricsFiles(elsewhere, static () => Noon, warnings.Add));
            next.Handle(new GoOnAfter(6, 0, after));
        }

        long Length() => new FileInfo(folder.At("metrics.jsonl")).Length + new FileInfo(folder.At("samples.jsonl")).Length;
    }

    // Killed at any moment, also in the middle of a line and between the two files: both then say the same, branch by branch and commit by
    // commit.
    [Fact]
    public void Killed_anywhere_and_resumed_the_files_agree_and_hold_each_step_once()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            using var here = new TestFolder();
            var random = new Random(seed);
            var told = new List<string>();
            long reached = 0, number = 0;
            for (var life = 1; life <= 12; life++)
            {
                using (var log = new MetricsLogic(life, new MetricsFiles(Options(here), static () => Noon, told.Add)))
                {
                    // From a checkpoint, whose steps are durable.
                    var step = random.NextInt64(reached + 1);
                    log.Handle(new GoOnAfter(life, number, step)).ShouldBe(new Published(life, number), $"seed {seed}");
                    for (var turn = random.Next(8); turn > 0; turn--)
                    {
                        if (random.Next(5) == 0)
                            log.Handle(new Rewind(++number, step = random.NextInt64(step + 1)));
                        else
                            log.Handle(Step(++number, ++step));
                    }

                    reached = step;
                    log.Handle(new FlushMetrics(number));
                }

                var (metrics, ledger) =
                    (MetricsLog.ReadHistory(here.At("metrics.jsonl")), SampleLedger.ReadHistory(here.At("samples.jsonl")));
                metrics.Line.Select(static row => (int)row.Row.Step).ShouldBe(Enumerable.Range(1, (int)reached), $"seed {seed}");
                ledger.Line.Select(static row => (row.Row.Step, row.Stamp))
                    .ShouldBe(metrics.Line.Select(static row => (row.Row.Step, row.Stamp)), $"seed {seed}");
                var (newest, other) = (ledger.Branches[^1], metrics.Branches[^1]);
                (newest.Number, newest.After).ShouldBe((other.Number, other.After), $"seed {seed}");
                told.ShouldBeEmpty($"seed {seed}");

                // The end of one of them may be torn, or not even begun; what is lost is as if it had never been.
                if (random.Next(2) == 0)
                    reached = Math.Min(reached, Tear(here.At(random.Next(2) == 0 ? "metrics.jsonl" : "samples.jsonl"), random));
            }
        }
    }

    private static long Tear(string path, Random random)
    {
        var text = File.ReadAllBytes(path);
        var begin = Array.LastIndexOf(text, (byte)'\n', text.Length - 2) + 1;
        File.WriteAllBytes(path, text[..random.Next(begin, text.Length)]);
        return path.EndsWith("metrics.jsonl", StringComparison.Ordinal)
            ? MetricsLog.Read(path) is [.., var row] ? row.Step : 0
            : SampleLedger.Read(path) is [.., var samples] ? samples.Step : 0;
    }

    [Fact]
    public void An_evaluation_of_the_step_that_is_kept_is_not_written_twice()
    {
        files.Handle(new GoOnAfter(5, 0, 0));
        files.Handle(Step(1, 1));
        files.Handle(new Publish(2, new EvaluationMeasurement(1, 3, 20, 1.5)));
        files.Dispose();
        using var next = Files(6);
        next.Handle(new GoOnAfter(6, 0, 1));
        next.Handle(new Publish(1, new EvaluationMeasurement(1, 3, 20, 1.5))).ShouldBe(new Published(6, 1));
        next.Handle(Step(2, 2)).ShouldBe(new Published(6, 2));
        MetricsLog.Read(folder.At("metrics.jsonl")).Select(static row => (row.Step, row is StepMetrics))
            .ShouldBe([(1, true), (1, false), (2, true)]);
    }

    [Fact]
    public void A_disk_that_refuses_is_told_in_one_sentence()
    {
        Directory.CreateDirectory(folder.At("samples.jsonl"));
        Should.Throw<UserErrorException>(() => files.Handle(new GoOnAfter(5, 0, 0))).Message.ShouldContain("samples.jsonl");
    }

    // Whatever is lost, repeated, or comes late: sent again until it is answered, each measurement stands in both files once and in order.
    [Fact]
    public void Every_measurement_is_written_once_under_any_loss_and_repetition()
    {
        Prop.ForAll(Gen.Choose(1, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            using var here = new TestFolder();
            using var log = new MetricsLogic(life: 5, new MetricsFiles(Options(here), static () => default, static _ => { }));
            var random = new Random(seed);
            MetricsCommand[] commands = [new GoOnAfter(5, 0, 0), .. Enumerable.Range(1, 8).Select(step => Step(step, step)),
                new Rewind(9, 5), .. Enumerable.Range(10, 6).Select(number => Step(number, number - 4))];
            long acknowledged = -1;
            for (var turn = 0; acknowledged < commands.Length - 1 && turn < 10_000; turn++)
            {
                // Anything that was sent may come at any time, the next ones included.
                var index = Math.Min(commands.Length - 1, random.Next(0, (int)acknowledged + 4));
                if (acknowledged < 0)
                    index = 0;
                if (log.Handle(commands[index]) is Published published)
                    acknowledged = Math.Max(acknowledged, published.Number);
            }

            long[] expected = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
            return MetricsLog.Read(here.At("metrics.jsonl")).Select(static row => row.Step).SequenceEqual(expected)
                && SampleLedger.Read(here.At("samples.jsonl")).Select(static row => row.Step).SequenceEqual(expected);
        }).QuickCheckThrowOnFailure();
    }

    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    private LogHistory<MetricsRow> Metrics => MetricsLog.ReadHistory(folder.At("metrics.jsonl"));

    private LogHistory<SampleRow> Ledger => SampleLedger.ReadHistory(folder.At("samples.jsonl"));

    private MetricsLogic Files(long life) => new(life, new MetricsFiles(Options(folder), static () => Noon, warnings.Add));

    private static (IReadOnlyList<Branch> Branches, IEnumerable<long> Abandoned) All(LogHistory<MetricsRow> history) =>
        (history.Branches, history.Abandoned.SelectMany(static left => left.Rows).Select(static row => row.Row.Step));

    private static (IReadOnlyList<Branch> Branches, IEnumerable<long> Abandoned) All(LogHistory<SampleRow> history) =>
        (history.Branches, history.Abandoned.SelectMany(static left => left.Rows).Select(static row => row.Row.Step));

    private static Publish Other(long number, long step, string? decisions = null, double norm = 9) =>
        new(number, (StepMeasurement)Step(number, step).Measurement with { GradientNorm = norm, Decisions = decisions });

    internal static MetricsOptions Options(TestFolder folder) => new()
    {
        MetricsFile = folder.At("metrics.jsonl"),
        LedgerFile = folder.At("samples.jsonl"),
        TokensPerStep = 128,
        FlopsPerToken = 10,
        GemmRate = 5120,
        Writer = "here",
    };

    internal static Publish Step(long number, long step) =>
        new(number, new StepMeasurement(step, 1.0 / step, 0.5, TimeSpan.FromSeconds(1),
            [.. Enumerable.Range(0, 8).Select(i => (step - 1) * 8 + i)]));

    private long[] Steps() =>
        File.Exists(folder.At("samples.jsonl")) ? [.. SampleLedger.Read(folder.At("samples.jsonl")).Select(static row => row.Step)] : [];
}
