using System.Text.Json;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Control;
using ActorTrain.Models;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Logs;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Tests.Commands;

/// <summary>What the commands say of a run that no process trains.</summary>
public sealed class RunCommandTests : IDisposable
{
    private readonly TemporaryRuns runs = new();
    private readonly StringWriter output = new() { NewLine = "\n" };

    public void Dispose()
    {
        output.Dispose();
        runs.Dispose();
    }

    [Fact]
    public void An_audit_succeeds_and_fails_by_its_exit_code()
    {
        var run = Train(steps: 5);
        AuditCommand.Run(new AuditRequest(run.Path, Json: false), Context()).ShouldBe(ExitCode.Success);
        output.ToString().ShouldName($"{run.Path} is clean: 5 steps", "40 positions", "next position 40.\n", "no checkpoint yet");

        File.WriteAllLines(run.LedgerFile, File.ReadAllLines(run.LedgerFile).Where(static line => !line.Contains("\"step\":3")));
        output.GetStringBuilder().Clear();
        AuditCommand.Run(new AuditRequest(run.Path, Json: false), Context()).ShouldBe(ExitCode.Failure);
        output.ToString().ShouldContain("step 3 is missing");
    }

    [Fact]
    public void Steps_that_were_computed_again_to_the_same_bits_leave_an_audit_clean_and_others_fail_it()
    {
        var run = Train(steps: 5);
        Train(run, after: 2, steps: 6);
        var same = Audit(run, ExitCode.Success);
        (same.GetProperty("clean").GetBoolean(), same.GetProperty("redone").GetInt32(), same.GetProperty("unequal").GetArrayLength())
            .ShouldBe((true, 3, 0));

        Train(run, after: 3, steps: 6, step => step == 5 ? 1.0000000000000002 : 1);
        var other = Audit(run, ExitCode.Failure);
        (other.GetProperty("clean").GetBoolean(), other.GetProperty("redone").GetInt32()).ShouldBe((false, 6));
        var unequal = other.GetProperty("unequal").EnumerateArray().ShouldHaveSingleItem();
        (unequal.GetProperty("step").GetInt32(), unequal.GetProperty("was").GetInt32(), unequal.GetProperty("is").GetInt32())
            .ShouldBe((5, 2, 3));
        unequal.GetProperty("difference").GetString().ShouldBe("gradient_norm 1 and 1.0000000000000002");
    }

    [Fact]
    public void A_run_without_a_ledger_cannot_be_audited()
    {
        var run = Train(steps: 1);
        File.Delete(run.LedgerFile);
        Should.Throw<UserErrorException>(() => AuditCommand.Run(new AuditRequest(run.Path, Json: false), Context())).Message.ShouldName(
            $"{run.Path} has no samples.jsonl", "`actortrain pretrain`");
    }

    [Fact]
    public void Status_tells_what_is_taken_again()
    {
        var run = Train(steps: 5);
        StatusCommand.Run(new StatusRequest(run.Path, Json: false), Context()).ShouldBe(ExitCode.Success);
        output.ToString().ShouldName($"{run.Path}: new, step 5 of 20, no checkpoint yet\n", "Steps 1 to 5 will be redone");
    }

    [Fact]
    public void A_database_that_is_away_hides_nothing_else()
    {
        var run = Train(steps: 5);
        File.WriteAllText(run.JournalFile, new string('x', 5000));
        StatusCommand.Run(new StatusRequest(run.Path, Json: false), Context()).ShouldBe(ExitCode.Success);
        output.ToString().ShouldContain("step 5 of 20");
        output.ToString().ShouldContain($"The journal of {run.Path} in {run.JournalFile} cannot be read: ");
        Should.Throw<UserErrorException>(() => JournalCommand.Run(new JournalRequest(run.Path, Json: false), Context()));
    }

    [Fact]
    public void A_journal_without_decisions_says_so()
    {
        var run = Train(steps: 1);
        JournalCommand.Run(new JournalRequest(run.Path, Json: false), Context()).ShouldBe(ExitCode.Success);
        output.ToString().ShouldName(run.Path, "no journal entries");
    }

    [Fact]
    public void Scale_needs_a_process() =>
        Should.Throw<UserErrorException>(() => ScaleCommand.Run(new ScaleRequest(Train(1).Path, 3), Context())).Message.ShouldContain(
        "No process is training");

    [Fact]
    public void Without_a_process_the_advice_is_one_that_the_state_of_the_run_allows()
    {
        using var runs = new TemporaryRuns();
        var imported = runs.Run("imported");
        Directory.CreateDirectory(imported.CheckpointsDirectory);
        Refusal(imported).ShouldName("No process is training", $"base.model={imported.Path}");

        var other = runs.Run();
        other.WriteConfiguration("");
        var stopped = other.Lock();
        stopped.Dispose();
        Refusal(other).ShouldName("No process is training", "run the command that started it again with --set trainers.count=3.");
        var finished = other.Lock();
        finished.MarkFinished();
        finished.Dispose();
        Refusal(other).ShouldName("No process is training", "--extend-to N and --set trainers.count=3.");

        static string Refusal(RunDirectory run)
        {
            foreach (var line in (string[])["pause", "resume", "trace", "skip --batches 1", "rollback --to 0", "lr --factor 0.5"])
            {
                using var error = new StringWriter { NewLine = "\n" };
                var words = line.Split(' ');
                CommandLine.Run([words[0], run.Path, .. words[1..]], AllCommands.Define(),
                    new CommandContext(TextWriter.Null, error, false, TimeProvider.System)).ShouldBe(ExitCode.UserError);
                error.ToString().ShouldBe($"actortrain: {NotTraining.Of(run).Message}\n");
            }

            return NotTraining.Of(run, "--set trainers.count=3").Message;
        }
    }

    private JsonElement Audit(RunDirectory run, int exitCode)
    {
        output.GetStringBuilder().Clear();
        AuditCommand.Run(new AuditRequest(run.Path, Json: true), Context()).ShouldBe(exitCode);
        using var json = JsonDocument.Parse(output.ToString());
        return json.RootElement.Clone();
    }

    private CommandContext Context() => new(output, TextWriter.Null, false, TimeProvider.System);

    private RunDirectory Train(int steps)
    {
        var run = runs.Run();
        run.WriteConfiguration(CanonicalYaml.Write(
            RunFile.Read(null, [$"run.output={runs.Path}", "run.name=book", "data.path=d", "training.batch=8", "training.steps=20"])));
        Train(run, after: 0, steps);
        return run;
    }

    private static void Train(RunDirectory run, int after, int steps, Func<int, double>? norm = null)
    {
        using var ledger = SampleLedger.Open(run.LedgerFile, after);
        using var metrics = MetricsLog.Open(run.MetricsFile, after);
        ledger.OpenBranch(ledger.Newest.Number + 1, after, BranchCause.Resume, "A test resumed the run.", DateTimeOffset.UnixEpoch, "test");
        metrics.OpenBranch(metrics.Newest.Number + 1, after, BranchCause.Resume, "A test resumed the run.", DateTimeOffset.UnixEpoch,
            "test");
        for (var step = after + 1; step <= steps; step++)
        {
            var stamp = new RowStamp(DateTimeOffset.UnixEpoch, metrics.Newest.Number, metrics.Update + 1, "test");
            ledger.Append(new SampleRow(step, 1, [new((step - 1) * 8, 8)]), stamp);
            metrics.Append(new StepMetrics(step, 1, norm?.Invoke(step) ?? 1, 1, 1, 1, 1, 1), stamp);
        }
    }
}
