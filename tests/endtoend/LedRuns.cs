using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ActorTrain.Tests.Databases;
using ActorTrain.Tests.Processes;
using Npgsql;
using Xunit.Abstractions;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>Runs that several processes may lead and nodes train, and what is so of them in the end.</summary>
/// <param name="journal">The database of their journals, as the runs reach it.</param>
/// <param name="host">Where commands that read the journal are run; null: as programs of this machine.</param>
internal sealed class LedRuns(RealRun real, PostgresServer server, string journal, ITestOutputHelper output, TestHost? host = null)
{
    public const int Steps = 400;
    private const string Single = "leader-single";

    public string Journal { get; } = journal;

    // A busy machine may be silent for long.
    public static string[] Arguments(string name, params string[] more) => RealRun.Pretrain(
        name, "float32",
        [$"training.steps={Steps}", "checkpoints.every=50", "evaluation.every=200", "trainers.count=2", "nodes.timeout=20", .. more]);

    /// <param name="hosts">Where each control process is started; null: three, as programs of this machine.</param>
    public ControlProcesses Begin(
        string name, string? certificates = null, IReadOnlyList<TestHost>? hosts = null, params string[] more) =>
        new(real, name, Arguments(name, [$"journal.connection={Journal}", "cluster.timeout=5", .. more]), certificates, hosts);

    /// <summary>The one that leads, when it has taken some steps and all others stand by.</summary>
    public static RunOnNodes Training(ControlProcesses control)
    {
        var leader = control.WaitForLeader([.. Enumerable.Range(0, 3).Select(i => control[i]).Where(static process => process.HasEnded)]);
        foreach (var other in control.Others(leader))
            other.WaitForLine(default, "standing by as").ShouldNotBeNull(other.Output);
        leader.WaitForRows(5).ShouldNotBeNull(leader.Output);
        return leader;
    }

    public static void ShouldEnd(ControlProcesses control, RunOnNodes leader)
    {
        var others = control.Others(leader);
        leader.End().ShouldSucceed();
        foreach (var other in others)
            other.End().ShouldSucceed();
    }

    public void ShouldBeAsUndisturbed(string name)
    {
        real.Run(Arguments(Single)).ShouldSucceed();
        real.NewestWeights(name).ShouldBe(real.NewestWeights(Single));
        real.MetricSteps(name).ShouldBe(Enumerable.Range(1, Steps));
        real.RunOn(host, "audit", name).ShouldSucceed().Output.ShouldContain("is clean");
        var terms = Terms();
        terms.ShouldBe(terms.Order());
        output.WriteLine($"{name}: terms {string.Join(' ', terms)}");
    }

    /// <summary>Of the decisions in the journal, in the order in which they were written.</summary>
    public List<long> Terms() => Numbers("SELECT split_part(manifest, ' ', 3)::bigint FROM journal ORDER BY ordering");

    public List<long> Numbers(string query)
    {
        using var database = new NpgsqlConnection(server.Local(Journal));
        database.Open();
        using var command = new NpgsqlCommand(query, database);
        using var rows = command.ExecuteReader();
        List<long> numbers = [];
        while (rows.Read())
            numbers.Add(rows.GetInt64(0));
        return numbers;
    }

    public long LostSteps(string name)
    {
        using var json = JsonDocument.Parse(real.RunOn(host, "goodput", name, "--json").ShouldSucceed().Output);
        return json.RootElement.GetProperty("lost_steps").GetInt64();
    }
}

/// <summary>Two nodes that outlive whoever leads.</summary>
internal sealed class LedNodes : IDisposable
{
    public static readonly IReadOnlyList<string> Names = ["first", "second"];

    private readonly RealRun real;
    private readonly IReadOnlyList<TestHost>? hosts;
    private readonly List<Process> all;

    /// <param name="hosts">Where each is started; null: as programs of this machine.</param>
    public LedNodes(RealRun real, ControlProcesses control, string? certificates = null, IReadOnlyList<TestHost>? hosts = null)
    {
        (this.real, this.hosts) = (real, hosts);
        all =
        [
            .. Names.Select((name, i) => real.StartOn(hosts?[i], [
                "node", "--join", string.Join(',', control.NodeAddresses), "--name", name,
                .. certificates is null ? (string[])[] : ["--certificates", certificates, "--certificate", name]])),
        ];
    }

    public void Leave()
    {
        foreach (var node in all)
        {
            var program = hosts is null ? node.Id : TestHost.ProgramOf(node.Id);
            using var term = real.StartIn("", "kill", ["-TERM", program.ToString(CultureInfo.InvariantCulture)]);
            Outcome.Of(node).ShouldSucceed();
        }
    }

    public void Dispose() => all.ForEach(static node => node.Dispose());
}
