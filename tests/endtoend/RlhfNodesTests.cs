using System.Globalization;
using System.Text.Json;
using ActorTrain.Tests.Databases;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>Policies whose trainers, samplers, scorers, reference and critic live in other processes, which are really killed: weights and
/// rollouts are those of one undisturbed process.</summary>
[Collection(nameof(RealRun))]
public sealed class RlhfNodesTests
{
    // The end of a process is known at once; a busy machine may be silent for long.
    private const string Patience = "nodes.timeout=20";

    private readonly RealRun real;

    public RlhfNodesTests(RealRun real)
    {
        this.real = real;
        PolicyRuns.Provide(real);
    }

    [Fact]
    public void Nodes_that_are_killed_and_samplers_that_come_and_go_leave_no_trace()
    {
        const string Name = "policy-nodes";
        using (var run = new RunOnNodes(real, Name, [.. PolicyRuns.Rlhf(Name, Patience, "trainers.max_restarts=0"), "--nodes", "2"]))
        {
            run.WaitForLine(default, "node-2 joined").ShouldNotBeNull(run.Output);
            run.WaitForRows(1).ShouldNotBeNull(run.Output);
            using (var nodes = JsonDocument.Parse(real.Run("nodes", Name, "--json").ShouldSucceed().Output))
            {
                var hosted = nodes.RootElement.GetProperty("nodes").EnumerateArray()
                    .SelectMany(static node => node.GetProperty("workers").EnumerateArray()).Select(static worker => worker.GetString()!);
                hosted.Select(static worker => worker[..worker.IndexOf('-', StringComparison.Ordinal)]).Distinct().Order()
                    .ShouldBe(["reference", "reward", "rollout"]);
            }

            real.Run("status", Name).ShouldSucceed().Output.ShouldName("rollout-0", "running on node-");
            run.Signal(run.ProcessOf("node-1")!.Value, "KILL");
            run.WaitForLine(default, "lost node-1").ShouldNotBeNull(run.Output);
            real.Run("scale", Name, "--rollouts", "4").ShouldSucceed().Output.ShouldContain("4 samplers");
            run.WaitForRows(2);
            real.Run("scale", Name, "--rollouts", "1");
            run.End().ShouldSucceed();
        }

        ShouldBeAsUndisturbed(Name);
        File.ReadAllText(real.At("runs", Name, "run.yaml")).ShouldContain("workers: 2");
    }

    [Theory]
    [Trait("Category", "Cluster")]
    [InlineData(2, 1)]
    [InlineData(2, 2)]
    [InlineData(2, 4)]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(3, 4)]
    [InlineData(5, 1)]
    [InlineData(5, 2)]
    [InlineData(5, 4)]
    public void However_a_policy_is_divided_each_step_has_the_same_bits(int nodes, int reducers)
    {
        var name = $"policy-divided-{nodes}-{reducers}";
        string[] command = PolicyRuns.Rlhf(name, Patience, $"trainers.count={Math.Min(nodes, 4)}", $"reducers.count={reducers}",
            $"rollouts.workers={nodes}", "audit.every=3");
        using (var run = new RunOnNodes(real, name, [.. command, "--nodes", nodes.ToString(CultureInfo.InvariantCulture)]))
        {
            run.WaitForLine(default, "node-1 joined").ShouldNotBeNull(run.Output);
            run.WaitForRows(2).ShouldNotBeNull(run.Output);
            run.Signal(run.ProcessOf("node-1")!.Value, "KILL");
            run.End().ShouldSucceed();
        }

        ShouldBeAsUndisturbed(name);
        StepBits(name).ShouldBe(StepBits(PolicyRuns.Undisturbed));
    }

    /// <summary>Some nodes host rollouts alone, others trainers alone; the process that leads is killed, and so are nodes.</summary>
    [Fact]
    [Trait("Category", "Cluster")]
    public void Nodes_of_either_role_outlive_the_process_that_leads_and_may_be_killed()
    {
        const string Name = "policy-roles";
        var address = FreeAddress.FindText();
        string[] command = PolicyRuns.Rlhf(Name, Patience, $"nodes.listen={address}", "trainers.count=2", "rollouts.workers=3");
        using var trainers = real.Start("node", "--join", address, "--name", "trainers", "--role", "worker", "--trainers", "2");
        using var first = real.Start("node", "--join", address, "--name", "first", "--role", "rollout");
        using var second = real.Start("node", "--join", address, "--name", "second", "--role", "rollout");
        for (var i = 0; i < 2; i++)
        {
            using var run = new RunOnNodes(real, Name, command);
            run.WaitForLine(default, "trainers joined").ShouldNotBeNull(run.Output);
            run.WaitForLine(default, "first joined").ShouldNotBeNull(run.Output);
            run.WaitForLine(default, "checkpoint step").ShouldNotBeNull(run.Output);
            using var nodes = JsonDocument.Parse(real.Run("nodes", Name, "--json").ShouldSucceed().Output);
            foreach (var node in nodes.RootElement.GetProperty("nodes").EnumerateArray())
            {
                var trains = node.GetProperty("name").GetString() == "trainers";
                (node.GetProperty("trainers").GetArrayLength() > 0).ShouldBe(trains);
                (node.GetProperty("workers").GetArrayLength() > 0).ShouldBe(!trains);
            }

            run.Kill();
            run.End().ExitCode.ShouldNotBe(0);
        }

        using (var run = new RunOnNodes(real, Name, command))
        {
            run.WaitForLine(default, "second joined").ShouldNotBeNull(run.Output);
            run.WaitForRows(1).ShouldNotBeNull(run.Output);
            run.Signal(second.Id, "KILL");
            run.WaitForLine(default, "lost second").ShouldNotBeNull(run.Output);
            run.End().ShouldSucceed();
        }

        ShouldBeAsUndisturbed(Name);
        Signal("TERM", first.Id);
        Signal("TERM", trainers.Id);
        Outcome.Of(first).ShouldSucceed();
        Outcome.Of(trainers).ShouldSucceed();

        void Signal(string signal, int process)
        {
            using var kill = real.StartIn("", "kill", [$"-{signal}", process.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitToEnd();
        }
    }

    /// <summary>Three processes may lead, with certificates on all planes; the one that does is killed.</summary>
    [Fact]
    [Trait("Category", "Cluster")]
    public void A_standby_takes_over_from_a_leader_that_is_killed_and_the_policy_is_the_same()
    {
        const string Name = "policy-led";
        const string Certificates = "policy-certificates";
        real.Run("cluster", "init", Certificates).ShouldSucceed();
        foreach (var name in Enumerable.Range(0, 3).Select(ControlProcesses.CertificateOf))
            real.Run("cluster", "cert", name, "--directory", Certificates, "--role", "control").ShouldSucceed();
        real.Run("cluster", "cert", "train-1", "--directory", Certificates, "--role", "worker").ShouldSucceed();
        real.Run("cluster", "cert", "sample-1", "--directory", Certificates, "--role", "rollout").ShouldSucceed();
        var journal = PostgresServer.Shared.NewDatabase();
        var command = PolicyRuns.Rlhf(Name, Patience, $"journal.connection={journal}", "trainers.count=1", "rollouts.workers=2");
        using (var control = new ControlProcesses(real, Name, command, certificates: Certificates))
        {
            string[] join = ["node", "--join", string.Join(',', control.NodeAddresses), "--certificates", Certificates, "--certificate"];

            // What a certificate is not for, is refused.
            real.Run([.. join, "sample-1", "--role", "worker"]).ShouldRefuse("The certificate of sample-1 has the role rollout alone", "--role");
            using var trainers = real.Start([.. join, "train-1"]);
            using var samplers = real.Start([.. join, "sample-1"]);
            var leader = control.WaitForLeader();
            leader.WaitForLine(default, "checkpoint step").ShouldNotBeNull(leader.Output);
            leader.Kill();
            var next = control.WaitForLeader(leader);
            next.WaitForLine(default, "train-1 joined").ShouldNotBeNull(next.Output);
            next.WaitForLine(default, "sample-1 joined").ShouldNotBeNull(next.Output);
            next.End().ShouldSucceed();
            foreach (var other in control.Others(leader, next))
                other.End().ShouldSucceed();
            trainers.Kill();
            samplers.Kill();
        }

        ShouldBeAsUndisturbed(Name);
    }

    [Fact]
    [Trait("Category", "Cluster")]
    public void A_policy_on_nodes_holds_against_a_schedule_of_faults()
    {
        File.WriteAllText(real.At("policy-node-faults.yaml"), """
            faults:
              - { step: 1, kind: node-death, actor: node-1 }
              - { step: 2, kind: sampler-exception }
              - { step: 3, kind: node-hang, actor: node-2 }
              - { step: 4, kind: data-plane-cut }
              - { step: 5, kind: kill }
              - { step: 6, kind: critic-death }
              - { step: 7, kind: node-departure, actor: node-1 }
              - { step: 8, kind: rollouts-supervisor-death }
              - { step: 9, kind: trainer-exception }
              - { step: 10, kind: node-death }
            """);
        string[] policy =
        [
            .. PolicyRuns.Rlhf("policy-node-chaos", "advantages.estimator=gae", "nodes.timeout=2", "trainers.timeout=10",
                "trainers.restart_backoff_min=0.05")[1..],
        ];
        real.Run(["chaos", .. policy, "--nodes", "3", "--schedule", "policy-node-faults.yaml"]).ShouldSucceed().Output.ShouldName("Passed");
        File.WriteAllText(real.At("policy-own-faults.yaml"), "faults:\n  - { step: 1, kind: flip-sampler }\n");
        real.Run(["chaos", .. policy, "--nodes", "3", "--schedule", "policy-own-faults.yaml"]).ShouldRefuse("flip-sampler", "instead of on nodes");
    }

    private void ShouldBeAsUndisturbed(string name)
    {
        real.NewestWeights(name).ShouldBe(real.NewestWeights(PolicyRuns.Undisturbed));
        foreach (var file in Directory.GetFiles(PolicyRuns.Ledger(real, PolicyRuns.Undisturbed)))
            File.ReadAllText(Path.Combine(PolicyRuns.Ledger(real, name), Path.GetFileName(file))).ShouldBe(File.ReadAllText(file));
        real.MetricSteps(name).ShouldBe(Enumerable.Range(1, PolicyRuns.Steps));
        real.Run("audit", name).ShouldSucceed();
    }

    // The gradient's norm depends on every bit of every gradient, and the next loss on every bit of the update.
    private List<(int, string, string)> StepBits(string name) =>
        [.. real.Metrics(name).Where(static row => row.TryGetProperty("gradient_norm", out _)).Select(static row => (
            row.GetProperty("step").GetInt32(), row.GetProperty("loss").GetRawText(), row.GetProperty("gradient_norm").GetRawText()))];
}
