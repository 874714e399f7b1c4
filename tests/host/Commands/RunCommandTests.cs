using ActorTrain.Host.Cli;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Persistence.Ledger;
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
        output.ToString().ShouldBe($"{run.Path} is clean: 5 steps, each committed once, and 40 positions of the sample stream, each read once; the next position is 40.\n  there is no checkpoint yet\n");

        File.WriteAllLines(run.LedgerFile, File.ReadAllLines(run.LedgerFile).Where(static line => !line.Contains("\"step\":3")));
        output.GetStringBuilder().Clear();
        AuditCommand.Run(new AuditRequest(run.Path, Json: false), Context()).ShouldBe(ExitCode.Failure);
        output.ToString().ShouldContain("step 3 is not in the ledger");
    }

    [Fact]
    public void A_run_without_a_ledger_cannot_be_audited()
    {
        var run = Train(steps: 1);
        File.Delete(run.LedgerFile);
        Should.Throw<UserErrorException>(() => AuditCommand.Run(new AuditRequest(run.Path, Json: false), Context())).Message.ShouldBe(
            $"{run.Path} has no samples.jsonl, so there is nothing to audit; train it by `actortrain pretrain`.");
    }

    [Fact]
    public void Status_tells_what_is_taken_again()
    {
        var run = Train(steps: 5);
        StatusCommand.Run(new StatusRequest(run.Path, Json: false), Context()).ShouldBe(ExitCode.Success);
        output.ToString().ShouldBe($"{run.Path}: new, step 5 of 20, no checkpoint yet\nSteps 1 to 5 are taken again when it goes on, with the same result.\n");
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
        output.ToString().ShouldBe($"{run.Path} has decided nothing yet.\n");
    }

    [Fact]
    public void Scale_needs_a_process() => Should.Throw<UserErrorException>(() => ScaleCommand.Run(new ScaleRequest(Train(1).Path, 3), Context())).Message.ShouldContain(
        "No process is training");

    private CommandContext Context() => new(output, TextWriter.Null, false, TimeProvider.System);

    private RunDirectory Train(int steps)
    {
        var run = runs.Run();
        run.WriteConfiguration(CanonicalYaml.Write(RunFile.Read(null, [$"run.output={runs.Path}", "run.name=book", "data.path=d", "training.batch=8", "training.steps=20"])));
        using var ledger = SampleLedger.Open(run.LedgerFile, 0);
        using var metrics = MetricsLog.Open(run.MetricsFile, 0);
        for (var step = 1; step <= steps; step++)
        {
            ledger.Append(new SampleRow(step, 1, [new((step - 1) * 8, 8)]));
            metrics.Append(new StepMetrics(step, 1, 1, 1, 1, 1, 1, 1));
        }

        return run;
    }
}
