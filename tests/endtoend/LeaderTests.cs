using System.Net;
using System.Net.Sockets;
using ActorTrain.Tests.Databases;
using ActorTrain.Tests.Processes;
using Xunit.Abstractions;
using static ActorTrain.EndToEnd.Tests.LedRuns;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>Runs that three processes may lead, of which the one that does is really killed, ended, and stopped and woken.</summary>
/// <remarks>All but three run with <c>make cluster-test</c>.</remarks>
[Collection(nameof(RealRun))]
public sealed class LeaderTests(RealRun real, ITestOutputHelper output)
{
    private const string NoCheckpoints = "checkpoints.every=1000000";
    private readonly LedRuns runs = new(real, PostgresServer.Shared, PostgresServer.Shared.NewDatabase(), output);

    // The last step in the metrics at each death of a leader.
    private readonly List<int> reached = [];

    /// <summary>On all planes, both sides prove who they are.</summary>
    [Fact]
    public void With_certificates_the_leader_is_killed_and_a_standby_ends_the_run_with_the_weights_of_one_process()
    {
        const string Certificates = "leader-certificates";
        real.Run("cluster", "init", Certificates).ShouldSucceed();
        foreach (var name in Enumerable.Range(0, 3).Select(ControlProcesses.CertificateOf))
            real.Run("cluster", "cert", name, "--directory", Certificates, "--role", "control").ShouldSucceed();
        foreach (var name in LedNodes.Names)
            real.Run("cluster", "cert", name, "--directory", Certificates).ShouldSucceed();
        const string At = "127.0.0.1:4054";
        real.Run([.. Arguments("leader-refused", $"cluster.control={At}", $"journal.connection={runs.Journal}",
            $"nodes.certificates={Certificates}", $"nodes.certificate={LedNodes.Names[0]}"), "--at", At])
            .ShouldRefuse("is for worker, but control is needed");
        TheLeaderIsKilled("leader-secured", Certificates);
    }

    [Fact]
    [Trait("Category", "Cluster")]
    public void The_leader_is_killed_and_a_standby_ends_the_run_with_the_weights_of_one_process() =>
        TheLeaderIsKilled("leader-killed", null);

    // No checkpoint is written before the end: what the run resumes from is with its nodes.
    private void TheLeaderIsKilled(string name, string? certificates)
    {
        using (var control = runs.Begin(name, certificates, null, NoCheckpoints))
        {
            using var nodes = new LedNodes(real, control, certificates);
            var leader = Training(control);
            var status = real.Run("status", name).ShouldSucceed().Output;
            status.ShouldContain($"led by process {leader.Id} on ");
            status.Split(" standing by").Length.ShouldBe(3, status);
            Kill(name, leader);
            var next = control.WaitForLeader(leader);
            ShouldEnd(control, next);
            nodes.Leave();
            ShouldHaveResumedFromNodes(name, 1);
        }

        runs.ShouldBeAsUndisturbed(name);
        runs.Terms().Distinct().ShouldBe([1, 2]);
    }

    [Fact]
    [Trait("Category", "Cluster")]
    public void Leaders_that_are_killed_one_after_the_other_cost_no_step_but_the_open_one()
    {
        const string Name = "leader-again";
        using (var control = runs.Begin(Name, null, null, NoCheckpoints))
        {
            using var nodes = new LedNodes(real, control);
            var first = Training(control);
            Kill(Name, first);
            var second = control.WaitForLeader(first);
            second.WaitForRows(5).ShouldNotBeNull(second.Output);
            var again = control.Start(control.NumberOf(first));
            again.WaitForLine(default, "standing by as").ShouldNotBeNull(again.Output);
            Kill(Name, second);
            ShouldEnd(control, control.WaitForLeader(first, second));
            nodes.Leave();
            ShouldHaveResumedFromNodes(Name, 2);
        }

        runs.ShouldBeAsUndisturbed(Name);
        runs.Terms().Distinct().ShouldBe([1, 2, 3]);
    }

    [Fact]
    [Trait("Category", "Cluster")]
    public void A_leader_that_is_killed_right_after_it_rolled_back_leaves_no_state_of_the_steps_that_it_left()
    {
        const string Name = "leader-rolled-back";
        using (var control = runs.Begin(Name, null, null, "checkpoints.every=10"))
        {
            using var nodes = new LedNodes(real, control);
            var leader = Training(control);
            leader.WaitForRows(20).ShouldNotBeNull(leader.Output);
            real.Run("rollback", Name, "--to", "10").ShouldSucceed();
            leader.Kill();
            ShouldEnd(control, control.WaitForLeader(leader));
            nodes.Leave();
        }

        real.MetricSteps(Name).ShouldBe(Enumerable.Range(1, Steps));
        real.Run("audit", Name).ShouldSucceed().Output.ShouldContain("is clean");
        runs.Terms().Distinct().ShouldBe([1, 2]);
    }

    [Fact]
    [Trait("Category", "Cluster")]
    public void A_leader_that_is_asked_to_end_hands_over_and_no_step_is_lost()
    {
        const string Name = "leader-asked";
        using (var control = runs.Begin(Name))
        {
            using var nodes = new LedNodes(real, control);
            for (var i = 1; i <= 2; i++)
            {
                var leader = Training(control);
                leader.Signal(leader.Id, "TERM");
                leader.End().ShouldSucceed().Output.ShouldContain("Another control process takes over.");
            }

            ShouldEnd(control, Training(control));
            nodes.Leave();
        }

        runs.ShouldBeAsUndisturbed(Name);
        runs.Terms().Distinct().ShouldBe([1, 2, 3]);
        runs.LostSteps(Name).ShouldBe(0);
    }

    [Fact]
    [Trait("Category", "Cluster")]
    public void A_leader_that_is_stopped_and_woken_writes_nothing_more_and_ends_with_75()
    {
        const string Name = "leader-stopped";
        using (var control = runs.Begin(Name))
        {
            using var nodes = new LedNodes(real, control);
            var leader = Training(control);
            leader.Signal(leader.Id, "STOP");
            var next = control.WaitForLeader(leader);
            next.WaitForRows(5).ShouldNotBeNull(next.Output);
            var before = runs.Terms().Count(static term => term == 1);
            leader.Signal(leader.Id, "CONT");
            var stale = leader.End();
            stale.ExitCode.ShouldBe(75, stale.Output + stale.Error);
            stale.Error.ShouldContain($"is led by process {next.Id} on ");
            ShouldEnd(control, next);
            nodes.Leave();
            runs.Terms().Count(static term => term == 1).ShouldBe(before);
        }

        runs.ShouldBeAsUndisturbed(Name);
        runs.Terms().Distinct().ShouldBe([1, 2]);
    }

    [Fact]
    [Trait("Category", "Cluster")]
    public void A_leader_that_is_started_again_at_once_stands_by_for_the_next()
    {
        const string Name = "leader-restarted";
        using (var control = runs.Begin(Name))
        {
            using var nodes = new LedNodes(real, control);
            var leader = Training(control);
            leader.Kill();
            var again = control.Start(control.NumberOf(leader));
            var next = control.WaitForLeader(leader);
            again.WaitForLine(default, "standing by as").ShouldNotBeNull(again.Output);
            again.Output.ShouldNotContain("elected");
            ShouldEnd(control, next);
            nodes.Leave();
        }

        runs.ShouldBeAsUndisturbed(Name);
        runs.Terms().Distinct().ShouldBe([1, 2]);
    }

    [Fact]
    [Trait("Category", "Cluster")]
    public void Of_three_the_last_leads_when_two_are_killed_at_once_and_when_all_are_any_one_resumes_the_run()
    {
        const string Name = "leader-last";
        using (var control = runs.Begin(Name))
        {
            using var nodes = new LedNodes(real, control);
            var leader = Training(control);
            var standby = control.Others(leader)[0];
            leader.Kill();
            standby.Kill();
            var last = control.WaitForLeader(leader, standby);
            last.WaitForRows(5).ShouldNotBeNull(last.Output);
            last.Kill();
            last.End().ExitCode.ShouldNotBe(0);
            ShouldEnd(control, control.Start(2));
            nodes.Leave();
        }

        runs.ShouldBeAsUndisturbed(Name);
        runs.Terms().Distinct().ShouldBe([1, 2, 3]);
    }

    [Fact]
    [Trait("Category", "Cluster")]
    public void A_standby_that_was_stopped_joins_the_others_again_and_the_run_notices_nothing()
    {
        const string Name = "leader-standby";
        using (var control = runs.Begin(Name))
        {
            using var nodes = new LedNodes(real, control);
            var leader = Training(control);
            var standby = control.Others(leader)[0];
            standby.Signal(standby.Id, "STOP");
            leader.WaitForLine(default, "is taken for lost").ShouldNotBeNull(leader.Output);
            var woken = standby.Now;
            standby.Signal(standby.Id, "CONT");
            standby.WaitForLine(woken, "joining them again").ShouldNotBeNull(standby.Output);
            standby.WaitForLine(woken, "standing by as").ShouldNotBeNull(standby.Output);
            ShouldEnd(control, leader);
            nodes.Leave();
        }

        runs.ShouldBeAsUndisturbed(Name);
        runs.Terms().Distinct().ShouldBe([1]);
        runs.LostSteps(Name).ShouldBe(0);
    }

    [Fact]
    [Trait("Category", "Cluster")]
    public void A_run_that_an_operator_stops_ends_everywhere_and_the_same_commands_resume_it()
    {
        const string Name = "leader-operator";
        using (var control = runs.Begin(Name))
        {
            using var nodes = new LedNodes(real, control);
            Training(control);
            real.Run("stop", Name).ShouldSucceed();
            foreach (var process in Enumerable.Range(0, 3).Select(i => control[i]))
                process.End().ShouldSucceed();
            real.State(Name).ShouldBe("stopped");
            real.Run("stop", Name).ShouldRefuse($"No process is training runs/{Name}");
            for (var i = 0; i < 3; i++)
                control.Start(i);
            ShouldEnd(control, control.WaitForLeader([control[0], control[1], control[2]]));
            nodes.Leave();
        }

        runs.ShouldBeAsUndisturbed(Name);
        runs.Terms().Distinct().ShouldBe([1, 2]);
        runs.LostSteps(Name).ShouldBe(0);
    }

    [Fact]
    public void What_control_processes_cannot_do_is_refused_in_a_sentence()
    {
        const string Address = "127.0.0.1:4054";
        string[] shared = [$"cluster.control={Address},127.0.0.1:4055", $"journal.connection={runs.Journal}"];
        real.Run([.. Arguments("leader-refused", shared)]).ShouldRefuse("--at is missing", Address);
        real.Run([.. Arguments("leader-refused", shared), "--at", "127.0.0.1:9"]).ShouldRefuse("--at is '127.0.0.1:9'", Address);
        real.Run([.. Arguments("leader-refused", shared[..1]), "--at", Address]).ShouldRefuse("cluster.control", "journal.connection");
        real.Run([.. Arguments("leader-refused"), "--at", Address]).ShouldRefuse("--at", "cluster.control");
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            var busy = $"{listener.LocalEndpoint}";
            real.Run([.. Arguments("leader-refused", $"cluster.control={busy}", shared[1]), "--at", busy])
                .ShouldRefuse("Cannot listen", busy);
        }

        real.Run([.. Arguments("leader-refused", "cluster.control=10.0.0.1:4054")])
            .ShouldRefuse("cluster.control contains 10.0.0.1:4054", "nodes.certificates", "actortrain cluster init");
        foreach (var wrong in new[] { "0.0.0.0:4054", "nowhere", $"{Address},{Address}", "127.0.0.1" })
            real.Run([.. Arguments("leader-refused", $"cluster.control={wrong}")]).ShouldRefuse("cluster.control", Address);
        Directory.Exists(real.RunFolder("leader-refused")).ShouldBeFalse();
    }

    private void Kill(string name, RunOnNodes leader)
    {
        leader.Kill();
        leader.End().ExitCode.ShouldNotBe(0);
        reached.Add(real.MetricSteps(name).Max());
    }

    private void ShouldHaveResumedFromNodes(string name, int times)
    {
        var resumed = runs.Numbers("SELECT (convert_from(message, 'UTF8')::json->>'step')::bigint FROM journal "
            + "WHERE manifest LIKE 'RunResumed/%' ORDER BY ordering");
        output.WriteLine($"{name}: killed after steps {string.Join(' ', reached)}, resumed from steps {string.Join(' ', resumed)}");
        resumed.Count.ShouldBe(times);

        // No node may have been told of the last step that is in the file.
        foreach (var (from, until) in resumed.Zip(reached))
            from.ShouldBeGreaterThanOrEqualTo(until - 1);
    }
}
