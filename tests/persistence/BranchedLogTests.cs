using ActorTrain.Models;
using ActorTrain.Persistence.Logs;
using ActorTrain.Persistence.Metrics;

namespace ActorTrain.Persistence.Tests;

/// <summary>Logs that forget nothing, by the example of the metrics.</summary>
public sealed class BranchedLogTests : IDisposable
{
    private readonly TestDirectory directory = new();

    private string File => directory.At("metrics.jsonl");

    public void Dispose() => directory.Dispose();

    [Fact]
    public void A_branch_is_one_line_and_nothing_before_it_changes()
    {
        using var log = BranchedLogs.Metrics(File, 0);
        for (var step = 1; step <= 500; step++)
            log.Append(Step(step));
        var before = System.IO.File.ReadAllBytes(File);
        log.Branch(3);
        var after = System.IO.File.ReadAllBytes(File);
        after[..before.Length].ShouldBe(before);
        System.Text.Encoding.UTF8.GetString(after[before.Length..]).ShouldBe(
            """{"time":"2026-03-04T12:00:00+00:00","branch":2,"parent":1,"opened":"rollback","update":500,"writer":"test","reason":"a test","step":3}""" + "\n");
        log.Append(Step(4));
        MetricsLog.Read(File).ShouldBe([Step(1), Step(2), Step(3), Step(4)]);
        var history = MetricsLog.ReadHistory(File);
        history.Abandoned.ShouldHaveSingleItem().Rows.Select(static row => row.Row.Step)
            .ShouldBe(Enumerable.Range(4, 497).Select(static step => (long)step));
        (history.Reached, history.Redone, history.Line[^1].Stamp.Update).ShouldBe((500, 1, 501));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Each_redone_step_is_compared_with_its_newest_row_however_far_back_that_is(bool isResumed)
    {
        var log = BranchedLogs.Metrics(File, 0);
        for (var step = 1; step <= 400; step++)
        {
            log.Append(Step(step)).ShouldBeNull();
            if (step % 50 == 0)
                log.Append(new EvaluationMetrics(step, 3, 20, 1.5));
        }

        for (var redone = 0; redone < 2; redone++)
        {
            if (isResumed)
            {
                log.Dispose();
                log = BranchedLogs.Metrics(File, 17);
            }
            else
            {
                log.Branch(17);
            }

            // The second time, step 200 differs from its newest row again, and not from the one before.
            for (var step = 18; step <= 400; step++)
            {
                var unequal = log.Append(step == 200 && redone == 0 ? Step(step) with { Loss = 7 } : Step(step));
                (unequal?.Step).ShouldBe(step == 200 ? 200 : null, $"redone {redone}, step {step}");
            }
        }

        log.Dispose();
    }

    // A model that knows nothing of how the log is read: all lines in order, and for the current line the branches from the newest back to
    // the first.
    [Fact]
    public void Whatever_is_appended_killed_resumed_and_rolled_back_the_fold_is_that_of_a_plain_model()
    {
        for (var seed = 0; seed < 150; seed++)
        {
            var path = directory.At($"{seed}.jsonl");
            var random = new Random(seed);
            List<object> model = [];
            var log = Resume(path, 0, model);
            for (var turn = 0; turn < 60; turn++)
            {
                var line = LineOf(model);
                var last = line.Count == 0 ? After(model) : Math.Max(After(model), line[^1].Row.Step);
                switch (random.Next(12))
                {
                    case 0:
                        log.Branch(random.NextInt64(last + 1));
                        model.Add(log.Newest);
                        break;
                    case 1:
                        log.Dispose();
                        if (random.Next(2) == 0)
                            Tear(path, random, model);
                        log = Resume(path, random.NextInt64(Math.Max(0, LineOf(model) is [.., var end] ? end.Row.Step : 0) + 1), model);
                        break;
                    case 2:
                        Add(new EvaluationMetrics(last, 3, 20, 1.5), null);
                        break;
                    default:
                        // The bits follow from the step and the decisions, save for those of a faulty machine.
                        var decisions = random.Next(3) == 0 ? "skip" : null;
                        Add(Step(last + 1) with { Loss = (decisions is null ? 1.0 : 2.0) + (random.Next(10) == 0 ? 0.5 : 0) }, decisions);
                        break;
                }

                Check(model, MetricsLog.ReadHistory(path), $"seed {seed}, turn {turn}");
            }

            log.Dispose();

            void Add(MetricsRow row, string? decisions)
            {
                var unequal = log.Append(row, decisions);
                model.Add(new Stamped<MetricsRow>(new RowStamp(BranchedLogs.Noon, log.Newest.Number, log.Update, "test", decisions), row));
                unequal.ShouldBe(UnequalOf(model).LastOrDefault(found => found.At == model.Count - 1).Step, $"seed {seed}");
            }
        }
    }

    [Fact]
    public void Thousands_of_restarts_are_read_in_one_pass()
    {
        using (var log = BranchedLogs.Metrics(File, 0))
        {
            log.Append(Step(1));
            for (var restart = 0; restart < 3000; restart++)
            {
                log.Append(Step(restart + 2));
                log.Append(Step(restart + 3));
                log.Branch(restart + 2, BranchCause.Resume);
            }
        }

        var history = MetricsLog.ReadHistory(File);
        history.Line.Count.ShouldBe(3001);
        (history.Abandoned.Count, history.Redone, history.Unequal.Count).ShouldBe((3000, 2999, 0));
        history.Branches[^1].Parent.ShouldBe(3000);
    }

    [Fact]
    public void Rows_of_an_older_version_are_branch_0()
    {
        System.IO.File.WriteAllLines(File, Enumerable.Range(1, 4).Select(static step =>
            $$"""{"step":{{step}},"loss":1,"gradient_norm":0.5,"learning_rate":0.001,"tokens":8,"seconds":0.25,"tokens_per_second":8192,"gemm_percent":55.5}"""));
        MetricsLog.ReadHistory(File).Line.Select(static row => (row.Row.Step, row.Stamp)).ShouldBe(
            Enumerable.Range(1, 4).Select(static step => ((long)step, new RowStamp(default, 0, step, ""))));
        using (var log = BranchedLogs.Metrics(File, 2))
            log.Append(Step(3) with { Loss = 1 });
        var history = MetricsLog.ReadHistory(File);
        history.Line.Select(static row => (row.Row.Step, row.Stamp.Branch, row.Stamp.Update)).ShouldBe([(1, 0, 1), (2, 0, 2), (3, 1, 5)]);
        (history.Redone, history.Unequal.Count, history.Branches.Single().Parent).ShouldBe((1, 1, 0));
        history.Unequal[0].Difference.ShouldContain("tokens");
    }

    [Theory]
    [InlineData("\"branch\":2,\"update\"", "\"branch\":1,\"update\"")]
    [InlineData("\"update\":5", "\"update\":1")]
    [InlineData("\"branch\":2,\"parent\":1", "\"branch\":1,\"parent\":1")]
    [InlineData("\"parent\":1", "\"parent\":7")]
    public void A_line_that_cannot_follow_is_named(string was, string now)
    {
        using (var log = BranchedLogs.Metrics(File, 0))
        {
            for (var step = 1; step <= 4; step++)
                log.Append(Step(step));
            log.Branch(2);
            log.Append(Step(3));
        }

        System.IO.File.WriteAllText(File, System.IO.File.ReadAllText(File).Replace(was, now, StringComparison.Ordinal));
        Should.Throw<UserErrorException>(() => MetricsLog.Read(File)).Message.ShouldMatch(", line [67]: ");
        Should.Throw<UserErrorException>(() => MetricsLog.Open(File, 3)).Message.ShouldMatch(", line [67]: ");
    }

    [Fact]
    public void What_is_whole_JSON_and_no_row_is_never_taken_for_a_torn_end()
    {
        using (var log = BranchedLogs.Metrics(File, 0))
            log.Append(Step(1));
        System.IO.File.AppendAllText(File, """{"step":2}""" + "\n");
        var before = System.IO.File.ReadAllBytes(File);
        Should.Throw<UserErrorException>(() => MetricsLog.Read(File)).Message.ShouldContain($"{File}, line 3");
        Should.Throw<UserErrorException>(() => MetricsLog.Open(File, 0)).Message.ShouldContain($"{File}, line 3");
        System.IO.File.ReadAllBytes(File).ShouldBe(before);
    }

    // What stands before a branch was durable when that was opened: a power cut did not do it.
    [Fact]
    public void A_line_that_is_damaged_before_a_branch_is_named_and_nothing_is_cut()
    {
        using (var log = BranchedLogs.Metrics(File, 0))
        {
            for (var step = 1; step <= 4; step++)
                log.Append(Step(step));
            log.Branch(2);
            log.Append(Step(3));
        }

        var lines = System.IO.File.ReadAllLines(File);
        lines[4] = new string('\0', lines[4].Length);
        System.IO.File.WriteAllLines(File, lines);
        var before = System.IO.File.ReadAllBytes(File);
        Should.Throw<UserErrorException>(() => MetricsLog.Open(File, 2)).Message.ShouldContain($"{File}, line 5");
        System.IO.File.ReadAllBytes(File).ShouldBe(before);
    }

    private static MetricsLog Resume(string path, long after, List<object> model)
    {
        var log = BranchedLogs.Metrics(path, after);
        model.Add(log.Newest);
        return log;
    }

    // A row without its line feed is whole.
    private static void Tear(string path, Random random, List<object> model)
    {
        var text = System.IO.File.ReadAllBytes(path);
        var begin = Array.LastIndexOf(text, (byte)'\n', text.Length - 2) + 1;
        var end = random.Next(begin, text.Length);
        System.IO.File.WriteAllBytes(path, text[..end]);
        if (end < text.Length - 1)
            model.RemoveAt(model.Count - 1);
    }

    private static long After(List<object> model) => model.OfType<Branch>().LastOrDefault()?.After ?? 0;

    private static List<Stamped<MetricsRow>> LineOf(List<object> model)
    {
        List<Stamped<MetricsRow>> line = [];
        var limit = long.MaxValue;
        for (var branch = model.OfType<Branch>().LastOrDefault(); branch is not null; branch = model.OfType<Branch>()
            .LastOrDefault(parent => parent.Number == branch.Parent))
        {
            line.InsertRange(0, model.OfType<Stamped<MetricsRow>>()
                .Where(row => row.Stamp.Branch == branch.Number && row.Row.Step <= limit));
            limit = Math.Min(limit, branch.After);
        }

        return line;
    }

    private static IEnumerable<(int At, UnequalStep Step)> UnequalOf(List<object> model)
    {
        for (var at = 0; at < model.Count; at++)
        {
            if (model[at] is Stamped<MetricsRow> { Row: StepMetrics now } row
                && model[..at].OfType<Stamped<MetricsRow>>().LastOrDefault(other => other.Row is StepMetrics && other.Row.Step == now.Step
                    && other.Stamp.Decisions == row.Stamp.Decisions) is { Row: StepMetrics was } before
                && was.Loss != now.Loss)
            {
                yield return (at, new UnequalStep(now.Step, before.Stamp.Branch, row.Stamp.Branch,
                    FormattableString.Invariant($"loss {was.Loss} and {now.Loss}")));
            }
        }
    }

    private static void Check(List<object> model, LogHistory<MetricsRow> history, string where)
    {
        history.Branches.ShouldBe(model.OfType<Branch>(), where);
        history.Line.ShouldBe(LineOf(model), where);
        history.Unequal.ShouldBe(UnequalOf(model).Select(static found => found.Step), where);

        // Nothing is forgotten, and commits only rise.
        var all = model.OfType<Stamped<MetricsRow>>().ToList();
        history.Line.Concat(history.Abandoned.SelectMany(static left => left.Rows)).OrderBy(Order)
            .ShouldBe(all.OrderBy(Order), where);
        all.Zip(all.Skip(1)).ShouldAllBe(static pair => pair.First.Stamp.Update <= pair.Second.Stamp.Update, where);
        history.Abandoned.ShouldAllBe(static left => left.Rows.All(row => row.Row.Step > left.By.After), where);
    }

    private static (long Update, int Branch, bool IsEvaluation) Order(Stamped<MetricsRow> row) =>
        (row.Stamp.Update, row.Stamp.Branch, row.Row is EvaluationMetrics);

    private static StepMetrics Step(long step) => new(step, 1.0 / step, 0.5, 1e-3, 2048 * step, 0.25, 8192, 55.5);
}
