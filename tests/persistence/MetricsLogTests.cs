using System.Globalization;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Metrics;

namespace ActorTrain.Persistence.Tests;

public sealed class MetricsLogTests : IDisposable
{
    private readonly TestDirectory directory = new();

    private string File => directory.At("metrics.jsonl");

    public void Dispose() => directory.Dispose();

    [Fact]
    public void Rows_stand_one_per_line_under_their_names()
    {
        using (var log = BranchedLogs.Metrics(File, 0))
        {
            log.Append(Step(1), "c0ffee");
            log.Append(new EvaluationMetrics(1, 3.5, 33.1, 1.25));
            log.Flush();
        }

        System.IO.File.ReadAllText(File).ShouldBe(
            """{"time":"2026-03-04T12:00:00+00:00","branch":1,"parent":0,"opened":"resume","update":0,"writer":"test","reason":"a test","step":0}""" + "\n" +
            """{"time":"2026-03-04T12:00:00+00:00","branch":1,"update":1,"writer":"test","decisions":"c0ffee","step":1,"loss":1,"gradient_norm":0.5,"learning_rate":0.001,"tokens":2048,"seconds":0.25,"tokens_per_second":8192,"gemm_percent":55.5}""" + "\n" +
            """{"time":"2026-03-04T12:00:00+00:00","branch":1,"update":1,"writer":"test","step":1,"held_out_loss":3.5,"perplexity":33.1,"bits_per_byte":1.25}""" + "\n");
        MetricsLog.Read(File).ShouldBe([Step(1), new EvaluationMetrics(1, 3.5, 33.1, 1.25)]);
    }

    [Fact]
    public void Signals_of_parts_stand_where_they_were_measured_and_rows_without_them_are_read()
    {
        var measured = Step(2) with { LaneLoss = 1.5, EmbeddingNorm = 0.25, BlockNorm = 0.125, UpdateNorm = 0.0625 };
        using (var log = BranchedLogs.Metrics(File, 0))
        {
            log.Append(Step(1));
            log.Append(measured);
        }

        System.IO.File.ReadAllLines(File)
            .Select(static line => line.Contains(
            "\"gradient_norm\":0.5,\"lane_loss\":1.5,\"embedding_norm\":0.25,\"block_norm\":0.125,\"update_norm\":0.0625,",
            StringComparison.Ordinal))
            .ShouldBe([false, false, true]);
        MetricsLog.Read(File).ShouldBe([Step(1), measured]);
    }

    [Fact]
    public void A_loss_that_is_not_a_number_is_kept_as_such()
    {
        using (var log = BranchedLogs.Metrics(File, 0))
            log.Append(Step(1) with { Loss = double.NaN, GradientNorm = double.PositiveInfinity });
        var row = MetricsLog.Read(File).ShouldHaveSingleItem().ShouldBeOfType<StepMetrics>();
        row.Loss.ShouldBe(double.NaN);
        row.GradientNorm.ShouldBe(double.PositiveInfinity);
    }

    [Fact]
    public void Resuming_abandons_the_rows_that_will_come_again()
    {
        Write(1, 2, 3, 4, 5);
        using (var log = BranchedLogs.Metrics(File, 3))
        {
            log.Append(Step(4) with { Loss = 9 });
        }

        MetricsLog.Read(File).ShouldBe([Step(1), Step(2), Step(3), Step(4) with { Loss = 9 }]);
        Directory.EnumerateFiles(directory.Path).ShouldHaveSingleItem();
    }

    [Fact]
    public void A_torn_last_line_is_passed_over_and_cut_away_at_every_length()
    {
        Write(1, 2);
        var whole = System.IO.File.ReadAllBytes(File);
        var last = Array.LastIndexOf(whole, (byte)'\n', whole.Length - 2) + 1;
        for (var length = last; length < whole.Length - 1; length++)
        {
            System.IO.File.WriteAllBytes(File, whole[..length]);
            MetricsLog.Read(File).ShouldBe([Step(1)]);
            using (var log = MetricsLog.Open(File, 1))
                log.Append(Step(2));
            System.IO.File.ReadAllBytes(File).ShouldBe(whole);
        }

        // Only the line's end is missing: the row is whole.
        System.IO.File.WriteAllBytes(File, whole[..^1]);
        MetricsLog.Read(File).ShouldBe([Step(1), Step(2)]);
        using (var log = MetricsLog.Open(File, 2))
            log.Append(Step(3));
        MetricsLog.Read(File).ShouldBe([Step(1), Step(2), Step(3)]);

        // Of the line that opens a branch only a part: it was never opened.
        using (var log = BranchedLogs.Metrics(File, 1))
            log.Newest.Number.ShouldBe(2);
        System.IO.File.WriteAllBytes(File, System.IO.File.ReadAllBytes(File)[..^9]);
        MetricsLog.Read(File).ShouldBe([Step(1), Step(2), Step(3)]);
        using (var log = BranchedLogs.Metrics(File, 1))
            log.Newest.Number.ShouldBe(2);
        MetricsLog.Read(File).ShouldBe([Step(1)]);
    }

    [Fact]
    public void A_broken_line_in_the_middle_is_named_and_the_file_left_as_it_is()
    {
        Write(1, 2, 3);
        var lines = System.IO.File.ReadAllLines(File);
        lines[2] = new string('x', 9);
        System.IO.File.WriteAllLines(File, lines);
        var before = System.IO.File.ReadAllBytes(File);
        Should.Throw<UserErrorException>(() => MetricsLog.Open(File, 3)).Message.ShouldContain($"{File}, line 3");
        System.IO.File.ReadAllBytes(File).ShouldBe(before);
        Directory.EnumerateFiles(directory.Path).ShouldHaveSingleItem();
    }

    [Fact]
    public void Resuming_takes_a_line_that_a_power_cut_made_of_later_steps_for_the_end()
    {
        Write(1, 2, 3, 4);
        var lines = System.IO.File.ReadAllLines(File);
        lines[3] = new string('\0', lines[3].Length);
        System.IO.File.WriteAllLines(File, lines);
        Should.Throw<UserErrorException>(() => MetricsLog.Open(File, 3)).Message.ShouldContain($"{File}, line 4");
        using (var log = BranchedLogs.Metrics(File, 2))
            log.Append(Step(3));
        MetricsLog.Read(File).ShouldBe([Step(1), Step(2), Step(3)]);

        System.IO.File.WriteAllText(File, "\0\0\0\n\0\0\n");
        MetricsLog.Open(File, 0).Dispose();
        System.IO.File.ReadAllBytes(File).ShouldBeEmpty();
    }

    [Fact]
    public void It_can_be_read_while_it_is_written()
    {
        using var log = BranchedLogs.Metrics(File, 0);
        log.Append(Step(1));
        MetricsLog.Read(File).ShouldBe([Step(1)]);
        log.Append(Step(2));
        MetricsLog.Read(File).Count.ShouldBe(2);
    }

    [Fact]
    public void Figures_of_rollouts_are_read_back_whatever_numbers_they_are()
    {
        StepMetrics[] rows =
        [
            Step(1) with { Rollouts = new RolloutSummary(8, 100, 1, 0.5, [0.25, double.NaN, -0.0], 0.125, 1.5, 0.75, 1) },
            Step(2) with { Rollouts = new RolloutSummary(8, 100, 8, double.NaN, [], null, 1.0 / 3, 0, 0) },
        ];
        using (var log = BranchedLogs.Metrics(File, 0))
        {
            foreach (var row in rows)
                log.Append(row);
        }

        MetricsLog.Read(File).ShouldBe(rows);
        rows[0].DifferenceTo(rows[0] with { Seconds = 9 }).ShouldBeNull();
        rows[0].DifferenceTo(rows[0] with { Rollouts = rows[0].Rollouts! with { Reward = 0.75 } }).ShouldNotBeNull().ShouldContain("reward");
        rows[0].DifferenceTo(rows[0] with { Rollouts = rows[0].Rollouts! with { Entropy = 1.25 } }).ShouldNotBeNull().ShouldContain("entropy");
    }

    [Fact]
    public void A_missing_file_has_no_rows_and_is_not_made_by_reading() =>
        (MetricsLog.Read(File).Count > 0 || System.IO.File.Exists(File)).ShouldBeFalse();

    [Fact]
    public void A_killed_process_loses_no_row_that_it_announced_and_leaves_one_per_step()
    {
        long last = 0;
        for (var kill = 0; kill < 4; kill++)
        {
            using var child = ChildProgram.Start(["metrics", File, (last + 1).ToString(CultureInfo.InvariantCulture)]);
            for (var line = 0; line < 50; line++)
                child.ReadLine().ShouldNotBeNull();
            child.Kill();
            var announced = child.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            child.WaitToEnd();
            var steps = MetricsLog.Read(File).Select(row => row.Step).ToArray();
            steps.ShouldBe(Enumerable.Range(1, steps.Length).Select(step => (long)step));
            if (announced.Length > 1)
                steps[^1].ShouldBeGreaterThanOrEqualTo(long.Parse(announced[^2], CultureInfo.InvariantCulture));

            // Resumes a little before where it died, as from a checkpoint.
            last = steps[^1] - 7;
        }
    }

    private static StepMetrics Step(long step) => new(step, 1.0 / step, 0.5, 1e-3, 2048 * step, 0.25, 8192, 55.5);

    private void Write(params long[] steps)
    {
        using var log = BranchedLogs.Metrics(File, 0);
        foreach (var step in steps)
            log.Append(Step(step));
    }
}
