using System.Diagnostics;
using System.Text.Json;
using ActorTrain.Tests.Databases;
using ActorTrain.Tests.Processes;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace ActorTrain.Chaos.Tests;

/// <summary>Real processes that take one run from each other: one of them leads, and the other changes nothing more.</summary>
public sealed class TakeoverTests : IDisposable
{
    private const int Steps = 90;
    private readonly RealRun real = new();

    public void Dispose() => real.Dispose();

    /// <summary>The file system of the shared folder locks nothing, as some network file systems do: the lock's file is removed.</summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public void A_leader_that_wakes_after_another_took_over_adds_nothing_and_says_who_leads(bool postgres, bool sameFolder)
    {
        var server = postgres ? PostgresServer.Shared.NewDatabase() : "";
        real.Run(RealRun.Pretrain("undisturbed", "float32")).ShouldSucceed();
        var (firstFolder, secondFolder) = (real.RunFolder("led"), sameFolder ? real.RunFolder("led") : real.At("other", "led"));
        string[] settings = [$"journal.connection={server}", .. postgres ? Array.Empty<string>() : ["journal.lease=1"]];

        using var first = real.Start(RealRun.Pretrain("led", "float32", settings));
        KillTests.WaitForChange(firstFolder, "metrics.jsonl", 12);
        Signal(first, "STOP");
        var (rows, checkpoints) = (Rows(firstFolder), real.Checkpoints("led"));
        if (sameFolder)
            File.Delete(Path.Combine(firstFolder, "run.lock"));
        string[] place = sameFolder ? [] : ["run.output=other"];
        using var second = real.Start(RealRun.Pretrain("led", "float32", [.. settings, .. place]));
        KillTests.WaitForChange(secondFolder, "metrics.jsonl", 5);
        Signal(first, "CONT");
        var superseded = Outcome.Of(first);
        superseded.ExitCode.ShouldBe(75, superseded.Output + superseded.Error);
        superseded.Error.ShouldContain($"actortrain: The run led is led by process {second.Id} on {Environment.MachineName} since 20");
        superseded.Error.ShouldContain("under term 2; this process, whose term was 1, ends without saving anything.\n");
        Outcome.Of(second).ShouldSucceed();

        // Nothing of the first one's is behind anything of the second one's.
        var terms = Terms(server, firstFolder);
        terms.ShouldContain(1);
        terms.ShouldContain(2);
        terms.SequenceEqual(terms.Order()).ShouldBeTrue(string.Join(' ', terms));
        if (!sameFolder)
        {
            Rows(firstFolder).ShouldBe(rows);
            real.Checkpoints("led").ShouldBe(checkpoints);
        }

        // The other folder is beside that of the runs.
        var led = sameFolder ? "led" : Path.Combine("..", "other", "led");
        real.NewestWeights(led).ShouldBe(real.NewestWeights("undisturbed"));
        real.MetricSteps(led).ShouldBe(Enumerable.Range(1, Steps));
        real.NewestManifest(led).Manifest.GetProperty("term").GetInt64().ShouldBe(2);
        using var audit = JsonDocument.Parse(real.Run("audit", secondFolder, "--json").ShouldSucceed().Output);
        audit.RootElement.GetProperty("unequal").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public void A_second_process_is_refused_while_the_first_trains_and_nothing_on_disk_changes()
    {
        var setting = $"journal.connection={PostgresServer.Shared.NewDatabase()}";
        using var first = real.Start(RealRun.Pretrain("led", "float32", setting, "training.steps=1000000", "evaluation.every=0"));
        KillTests.WaitForChange(real.RunFolder("led"), "metrics.jsonl", 3);
        real.Run(RealRun.Pretrain("led", "float32", setting, "run.output=other")).ShouldRefuse(
            $"The run led is being trained by process {first.Id} on {Environment.MachineName}, which renewed its lease in the journal's",
            "(term 1); wait for it, stop it, or choose another run.name.");
        Directory.Exists(real.At("other")).ShouldBeFalse();
        real.Run("status", "led").ShouldSucceed().Output.ShouldContain(", term 1,");
        first.Kill();
        first.WaitToEnd();
    }

    /// <summary>With an hour's lease, anything that waits for its end does not end in time.</summary>
    [Theory]
    [InlineData("KILL")]
    [InlineData("TERM")]
    public void After_the_end_of_a_process_on_this_host_the_next_one_starts_at_once(string signal)
    {
        string[] settings = [$"journal.connection={PostgresServer.Shared.NewDatabase()}", "journal.lease=3600"];
        using (var first = real.Start(RealRun.Pretrain("led", "float32", settings)))
        {
            KillTests.WaitForChange(real.RunFolder("led"), "metrics.jsonl", 12);
            Signal(first, signal);
            first.WaitToEnd();
        }

        real.Run(RealRun.Pretrain("led", "float32", settings)).ShouldSucceed();
        real.Run(RealRun.Pretrain("undisturbed", "float32")).ShouldSucceed();
        real.NewestWeights("led").ShouldBe(real.NewestWeights("undisturbed"));
    }

    private static void Signal(Process process, string signal) => Process.Start("kill", [$"-{signal}", $"{process.Id}"])!.WaitToEnd();

    private static List<string> Rows(string folder) =>
        [.. new[] { "metrics.jsonl", "samples.jsonl", "goodput.jsonl" }.Select(file => File.ReadAllText(Path.Combine(folder, file)))];

    private static List<long> Terms(string server, string folder)
    {
        using System.Data.Common.DbConnection database = server.Length > 0 ? new NpgsqlConnection(server)
            : new SqliteConnection($"Data Source={Path.Combine(folder, "run.db")};Pooling=False");
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = "SELECT manifest FROM journal ORDER BY ordering";
        using var rows = command.ExecuteReader();
        List<long> terms = [];
        while (rows.Read())
            terms.Add(long.Parse(rows.GetString(0).Split(' ')[2]));
        return terms;
    }
}
