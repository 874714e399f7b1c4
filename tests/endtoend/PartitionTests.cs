using System.Diagnostics;
using ActorTrain.Tests.Databases;
using ActorTrain.Tests.Processes;
using Xunit.Abstractions;
using static ActorTrain.EndToEnd.Tests.LedRuns;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>A run over six hosts of a network whose links are cut, one way or both, and made slow, and whose clocks disagree: three that may
/// lead, two nodes, and the database.</summary>
[Collection(nameof(RealRun))]
[Trait("Category", "Cluster")]
public sealed class PartitionTests : IDisposable
{
    private const string Certificates = "partitions";
    private readonly RealRun real;
    private readonly ITestOutputHelper output;
    private readonly TestNetwork network = new();
    private readonly TestHost[] control, workers;
    private readonly TestHost database;
    private readonly PostgresServer server;
    private readonly LedRuns runs;

    public PartitionTests(RealRun real, ITestOutputHelper output)
    {
        (this.real, this.output) = (real, output);
        control = [.. Enumerable.Range(0, 3).Select(i => network.Add($"leader-{i}"))];
        workers = [.. LedNodes.Names.Select(network.Add)];
        database = network.Add("database");
        server = PostgresServer.StartOn(database.Prefix, database.Address);
        runs = new LedRuns(real, server, server.NewDatabase(), output, database);
        if (Directory.Exists(real.At(Certificates)))
            return;
        real.Run("cluster", "init", Certificates).ShouldSucceed();
        foreach (var host in control)
            real.Run("cluster", "cert", host.Name, "--directory", Certificates, "--role", "control").ShouldSucceed();
        foreach (var host in workers)
            real.Run("cluster", "cert", host.Name, "--directory", Certificates).ShouldSucceed();
    }

    /// <summary>Until it reaches the database again, it cannot know that it is superseded; then it changes nothing.</summary>
    [NetworkFact]
    public void A_leader_that_is_cut_off_from_everybody_is_replaced_and_writes_nothing_more() => Train("cut-off", 2, (processes, leader) =>
    {
        var (alone, others) = Sides(processes, leader);
        TestNetwork.Cut([alone], [.. others, .. workers, database]);
        var next = Replaced(processes, leader);
        network.Heal();
        ShouldBeFenced(leader);
        var again = processes.Start(processes.NumberOf(leader));
        again.WaitForLine(default, "standing by as").ShouldNotBeNull(again.Output);
        return next;
    });

    /// <summary>It still reaches the database and the nodes, so that nothing but the election says that it is to go.</summary>
    [NetworkFact]
    public void A_leader_that_the_other_control_processes_cannot_reach_gives_way_to_one_of_them() => Train("cut-from-control", 2, (processes, leader) =>
    {
        var (alone, others) = Sides(processes, leader);
        TestNetwork.Cut([alone], others);
        var next = Replaced(processes, leader);
        ShouldBeFenced(leader);
        network.Heal();
        return next;
    });

    /// <summary>It hears everybody, and nobody hears it, the database neither.</summary>
    [NetworkFact]
    public void A_leader_that_nobody_hears_is_replaced() => Train("cut-one-way", 2, (processes, leader) =>
    {
        var (alone, others) = Sides(processes, leader);
        foreach (var host in (TestHost[])[.. others, .. workers, database])
            TestNetwork.CutOneWay(alone, host);
        var next = Replaced(processes, leader);
        network.Heal();
        ShouldBeFenced(leader);
        return next;
    });

    [NetworkFact]
    public void A_bad_link_between_two_nodes_costs_neither_of_them()
    {
        var last = Train("cut-between-nodes", 1, (_, leader) =>
        {
            TestNetwork.Cut([workers[0]], [workers[1]]);
            return leader;
        });
        last.Output.ShouldNotContain("lost ");
        runs.LostSteps("cut-between-nodes").ShouldBe(0);
    }

    [NetworkFact]
    public void A_leader_that_only_the_database_is_cut_off_from_leads_on_with_the_same_bits()
    {
        Train("cut-from-database", 1, (processes, leader) =>
        {
            var (alone, _) = Sides(processes, leader);
            TestNetwork.Cut([alone], [database]);
            leader.WaitForRows(20).ShouldNotBeNull(leader.Output);
            network.Heal();
            return leader;
        });
        runs.LostSteps("cut-from-database").ShouldBe(0);
    }

    [NetworkFact]
    public void A_node_that_is_cut_off_returns_when_the_link_does()
    {
        Train("cut-node", 1, (_, leader) =>
        {
            var cut = leader.Now;
            TestNetwork.Cut([workers[1]], [.. control, workers[0], database]);
            var lost = leader.WaitForLine(cut, "lost second").ShouldNotBeNull(leader.Output);
            leader.WaitForRows(5).ShouldNotBeNull(leader.Output);
            var healed = leader.Now;
            network.Heal();
            var back = leader.WaitForLine(healed, "second joined").ShouldNotBeNull(leader.Output);
            output.WriteLine($"lost after {(lost - cut).TotalSeconds:F1} s, back {(back - healed).TotalSeconds:F1} s after the link");
            return leader;
        });
        runs.LostSteps("cut-node").ShouldBe(0);
    }

    [NetworkFact]
    public void A_slow_link_to_a_node_is_no_loss()
    {
        var last = Train("slow-node", 1, (_, leader) =>
        {
            network.Limit(workers[1], kilobitsPerSecond: 1000);
            var slow = leader.Now;
            leader.WaitForRows(10).ShouldNotBeNull(leader.Output);
            output.WriteLine($"ten steps in {(leader.Now - slow).TotalSeconds:F1} s beside a link of 1 Mbit/s");
            network.Unlimit(workers[1]);
            return leader;
        });
        last.Output.ShouldNotContain("lost ");
        runs.LostSteps("slow-node").ShouldBe(0);
    }

    /// <summary>It reaches the database and the nodes, and could found a cluster of its own.</summary>
    [NetworkFact]
    public void A_process_that_is_started_again_where_it_reaches_no_other_that_may_lead_does_not_lead() => Train("cut-founder", 1, (processes, leader) =>
    {
        var restarted = processes.NumberOf(leader) == 0 ? 1 : 0;
        TestNetwork.Cut([control[restarted]], [.. control.Where((_, number) => number != restarted)]);
        processes[restarted].Kill();
        processes[restarted].End();
        var alone = processes.Start(restarted);
        leader.WaitForRows(40).ShouldNotBeNull(leader.Output);
        alone.Output.ShouldNotContain("elected to lead");
        network.Heal();
        if (alone.HasEnded)
            alone = processes.Start(restarted);
        alone.WaitForLine(default, "standing by as").ShouldNotBeNull(alone.Output);
        return leader;
    });

    /// <summary>Who leads and how long is measured by the database's clock; certificates are of now.</summary>
    [NetworkFact]
    public void Clocks_that_are_wrong_by_an_hour_change_nothing()
    {
        control[0] = control[0] with { FastBy = 3600 };
        control[1] = control[1] with { FastBy = -3600 };
        workers[0] = workers[0] with { FastBy = -3600 };
        Train("clocks", 2, (processes, leader) =>
        {
            leader.Kill();
            leader.End();
            return Replaced(processes, leader);
        });
    }

    public void Dispose()
    {
        server.Dispose();
        network.Dispose();
    }

    // Trouble comes once the run is on its way, and says who leads it to its end; the result is that of an undisturbed run. Returns who did.
    private RunOnNodes Train(string name, int terms, Func<ControlProcesses, RunOnNodes, RunOnNodes> trouble)
    {
        RunOnNodes last;
        using (var processes = runs.Begin(name, Certificates, control, "nodes.timeout=4"))
        {
            using var nodes = new LedNodes(real, processes, Certificates, workers);
            last = trouble(processes, Training(processes));
            ShouldEnd(processes, last);
            nodes.Leave();
        }

        runs.ShouldBeAsUndisturbed(name);
        runs.Terms().Distinct().Order().ShouldBe(Enumerable.Range(1, terms).Select(static term => (long)term));
        return last;
    }

    // Where the leader is, and where the others are that may lead.
    private (TestHost Alone, TestHost[] Others) Sides(ControlProcesses processes, RunOnNodes leader)
    {
        var alone = control[processes.NumberOf(leader)];
        return (alone, [.. control.Where(host => host != alone)]);
    }

    private RunOnNodes Replaced(ControlProcesses processes, RunOnNodes leader)
    {
        var watch = Stopwatch.StartNew();
        var next = processes.WaitForLeader(leader);
        var elected = watch.Elapsed;
        next.WaitForRows(1).ShouldNotBeNull(next.Output);
        output.WriteLine($"elected after {elected.TotalSeconds:F1} s, first step after {watch.Elapsed.TotalSeconds:F1} s");
        return next;
    }

    // It ends by itself, with the code after which a service manager starts it again.
    private void ShouldBeFenced(RunOnNodes leader)
    {
        var before = runs.Terms().Count(static term => term == 1);
        var ended = leader.End();
        ended.ExitCode.ShouldBe(75, ended.Output + ended.Error);
        runs.Terms().Count(static term => term == 1).ShouldBe(before);
    }
}
