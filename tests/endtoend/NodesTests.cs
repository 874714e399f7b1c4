using System.Globalization;
using System.Text.Json;
using ActorTrain.Tests.Processes;
using Xunit.Abstractions;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>Runs whose trainers live in other processes, which are really killed, stopped and woken.</summary>
[Collection(nameof(RealRun))]
public sealed class NodesTests(RealRun real, ITestOutputHelper output)
{
    private const int Steps = 400;
    private const string Single = "nodes-single";

    [Fact]
    [Trait("Category", "Cluster")]
    public void Trainers_in_three_processes_end_with_the_weights_of_one()
    {
        using (var run = Begin("nodes-three", 3))
        {
            run.WaitForLine(default, "node-3 joined").ShouldNotBeNull(run.Output);
            run.WaitForRows(5).ShouldNotBeNull();
            var nodes = real.Run("nodes", "nodes-three").ShouldSucceed().Output;
            nodes.ShouldName("node-1", "node-2", "node-3", "admitted", "trainer-0", "trainer-2");
            real.Run("status", "nodes-three").ShouldSucceed().Output.ShouldContain(" on node-");
            using var json = JsonDocument.Parse(real.Run("nodes", "nodes-three", "--json").ShouldSucceed().Output);
            json.RootElement.GetProperty("nodes").GetArrayLength().ShouldBe(3);
            run.End().ShouldSucceed();
            run.Output.ShouldNotContain("warning");
        }

        ShouldBeAsUndisturbed("nodes-three");
        File.ReadAllText(real.At("runs", "nodes-three", "run.yaml")).ShouldContain("count: 3");
    }

    [Theory]
    [Trait("Category", "Cluster")]
    [InlineData(2, 1, 0)]
    [InlineData(2, 2, 0)]
    [InlineData(2, 4, 0)]
    [InlineData(3, 1, 0)]
    [InlineData(3, 2, 0)]
    [InlineData(3, 4, 0)]
    [InlineData(5, 1, 0)]
    [InlineData(5, 2, 0)]
    [InlineData(5, 4, 0)]
    [InlineData(2, 1, 1)]
    [InlineData(2, 2, 1)]
    [InlineData(2, 4, 1)]
    [InlineData(3, 1, 1)]
    [InlineData(3, 2, 1)]
    [InlineData(3, 4, 1)]
    [InlineData(5, 1, 1)]
    [InlineData(5, 2, 1)]
    [InlineData(5, 4, 1)]
    public void However_a_run_is_divided_each_step_has_the_same_bits(int nodes, int reducers, int zero)
    {
        string[] settings = ["training.lanes=8", "trainers.count=1", "reducers.count=1"];
        real.Run(Long("nodes-undivided", settings)).ShouldSucceed();
        var name = $"nodes-divided-{nodes}-{reducers}-{zero}";
        string[] divided = [.. settings, $"trainers.count={nodes}", $"reducers.count={reducers}", $"parallel.zero={zero}"];
        using (var run = Begin(name, nodes, divided))
        {
            run.WaitForLine(default, "node-1 joined").ShouldNotBeNull(run.Output);
            run.WaitForRows(20).ShouldNotBeNull();
            run.Signal(run.ProcessOf("node-1")!.Value, "KILL");
            run.End().ShouldSucceed();
        }

        real.NewestWeights(name).ShouldBe(real.NewestWeights("nodes-undivided"));
        StepBits(name).ShouldBe(StepBits("nodes-undivided"));
    }

    /// <summary>No restart of a trainer is allowed: the death of a node is none.</summary>
    [Fact]
    public void Workers_killed_at_random_moments_change_no_bit_and_cost_no_step() => KillWorkers(1);

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [Trait("Category", "Cluster")]
    public void Workers_killed_at_other_moments_change_no_bit_and_cost_no_step(int seed) => KillWorkers(seed);

    [Fact]
    [Trait("Category", "Cluster")]
    public void A_worker_that_is_stopped_longer_than_the_timeout_is_lost_and_joins_anew_once_it_is_woken()
    {
        using (var run = Begin("nodes-stopped", 3, "trainers.max_restarts=0", "nodes.timeout=2"))
        {
            run.WaitForLine(default, "node-3 joined").ShouldNotBeNull(run.Output);
            for (var i = 1; i <= 2; i++)
            {
                run.WaitForRows(5).ShouldNotBeNull();
                var (at, victim) = (run.Now, run.ProcessOf($"node-{i}")!.Value);
                run.Signal(victim, "STOP");
                run.WaitForLine(at, $"lost node-{i}").ShouldNotBeNull(run.Output);
                run.WaitForRows(5).ShouldNotBeNull();
                run.Signal(victim, "CONT");
                run.WaitForLine(at, $"node-{i} joined", $"process {victim} ").ShouldNotBeNull(run.Output);
            }

            run.End().ShouldSucceed();
        }

        ShouldBeAsUndisturbed("nodes-stopped");
        LostSteps("nodes-stopped").ShouldBe(0);
    }

    [Fact]
    [Trait("Category", "Cluster")]
    public void A_worker_that_is_asked_to_end_leaves_without_a_fault()
    {
        using (var run = Begin("nodes-left", 3, "trainers.max_restarts=0"))
        {
            run.WaitForLine(default, "node-3 joined").ShouldNotBeNull(run.Output);
            run.WaitForRows(5).ShouldNotBeNull();
            var at = run.Now;
            run.Signal(run.ProcessOf("node-2")!.Value, "TERM");
            run.WaitForLine(at, "node-2 left").ShouldNotBeNull(run.Output);
            run.WaitForLine(at, "node-2 joined").ShouldNotBeNull(run.Output);
            run.End().ShouldSucceed();
            run.Output.ShouldNotContain("lost ");
        }

        ShouldBeAsUndisturbed("nodes-left");
        LostSteps("nodes-left").ShouldBe(0);
    }

    /// <summary>One worker is stopped at the time: a stopped process ends with its parent, too.</summary>
    [Fact]
    [Trait("Category", "Cluster")]
    public void The_workers_of_a_run_that_is_killed_end_with_it_and_the_same_command_resumes_it()
    {
        var expected = Expected();
        for (var i = 1; i <= 2; i++)
        {
            using var run = Begin("nodes-orphans", 2);
            run.WaitForLine(default, "node-2 joined").ShouldNotBeNull(run.Output);
            run.WaitForLine(default, "checkpoint step").ShouldNotBeNull(run.Output);
            int[] workers = [run.ProcessOf("node-1")!.Value, run.ProcessOf("node-2")!.Value];
            run.Signal(workers[0], "STOP");
            run.Kill();
            RunOnNodes.Await(() => !workers.Any(RunOnNodes.IsLiving), "The end of the workers");
        }

        using var last = Begin("nodes-orphans", 2);
        last.End().ShouldSucceed();
        real.NewestWeights("nodes-orphans").ShouldBe(expected);
        real.Run("audit", "nodes-orphans").ShouldSucceed();
    }

    [Fact]
    public void Nodes_may_join_in_the_middle_and_outlive_the_process_that_leads()
    {
        var expected = Expected();
        var address = FreeAddress.FindText();
        var command = (string[])[.. Long("nodes-joined", $"nodes.listen={address}", "trainers.count=2", "trainers.max_restarts=0")];
        var ready = real.At("nodes-ready");
        using var first = real.Start("node", "--join", address, "--name", "first", "--ready-file", "nodes-ready");
        using (var run = new RunOnNodes(real, "nodes-joined", command))
        {
            File.Exists(ready).ShouldBeFalse();
            run.WaitForLine(default, "first joined").ShouldNotBeNull(run.Output);
            run.WaitForRows(5).ShouldNotBeNull();
            SpinWait.SpinUntil(() => File.Exists(ready), TimeSpan.FromSeconds(30)).ShouldBeTrue();

            // Who does not fit is refused, and nobody else notices.
            real.Run("node", "--join", address, "--name", "first").ShouldRefuse("A node named first is in the run already", "--name");
            real.Run("prepare", "--input", "text.txt", "--output", "nodes-other", "--tokenizer", "bytes", "--held-out", "0.3").ShouldSucceed();
            real.Run("node", "--join", address, "--name", "odd", "--data", "nodes-other").ShouldRefuse("The data of odd");
            run.Output.ShouldContain("refused a node");
            using var second = real.Start("node", "--join", address, "--name", "second");
            run.WaitForLine(default, "second joined").ShouldNotBeNull(run.Output);
            run.WaitForRows(5).ShouldNotBeNull();
            run.Kill();
            run.End().ExitCode.ShouldNotBe(0);

            // Both dial until the run is led again.
            using var next = new RunOnNodes(real, "nodes-joined", command);
            next.WaitForLine(default, "first joined").ShouldNotBeNull(next.Output);
            next.WaitForLine(default, "second joined").ShouldNotBeNull(next.Output);
            next.WaitForRows(5).ShouldNotBeNull();
            next.Signal(second.Id, "KILL");
            next.WaitForLine(default, "lost second").ShouldNotBeNull(next.Output);
            next.End().ShouldSucceed();
        }

        real.NewestWeights("nodes-joined").ShouldBe(expected);
        real.Run("audit", "nodes-joined").ShouldSucceed();
        using var term = real.StartIn("", "kill", ["-TERM", first.Id.ToString(CultureInfo.InvariantCulture)]);
        Outcome.Of(first).ShouldSucceed().Output.ShouldContain("first has left.");
        File.Exists(ready).ShouldBeFalse();
    }

    /// <summary>The process that leads is killed, too; the undisturbed run has no nodes.</summary>
    [Fact]
    [Trait("Category", "Cluster")]
    public void A_run_on_nodes_holds_against_a_schedule_of_faults()
    {
        File.WriteAllText(real.At("node-faults.yaml"), """
            faults:
              - { step: 20, kind: node-death, actor: node-1 }
              - { step: 60, kind: node-hang, actor: node-2 }
              - { step: 90, kind: data-plane-cut }
              - { step: 130, kind: kill }
              - { step: 160, kind: trainer-exception }
              - { step: 190, kind: node-departure, actor: node-1 }
              - { step: 220, kind: node-death }
            """);
        var chaos = real.Run(["chaos", .. Long("nodes-chaos", "nodes.timeout=2")[1..], "--nodes", "2", "--schedule", "node-faults.yaml"]).ShouldSucceed();
        chaos.Output.ShouldContain("bit-identical to those of the undisturbed run");
        real.Run(["chaos", .. Long("nodes-chaos")[1..], "--schedule", "node-faults.yaml"]).ShouldRefuse("node-death", "--nodes");
    }

    [Fact]
    public void What_nodes_cannot_do_is_refused_in_a_sentence()
    {
        real.Run([.. Long("nodes-refused", "nodes.listen=10.0.0.1:4053")]).ShouldRefuse("nodes.listen", "10.0.0.1:4053", "actortrain cluster init");
        real.Run([.. Long("nodes-refused"), "--nodes", "0"]).ShouldRefuse("--nodes is '0'");
        real.Run([.. Long("nodes-refused"), "--nodes", "8"]).ShouldRefuse("trainers.count 8 exceeds training.lanes 4");
        real.Run("node", "--join", "nowhere").ShouldRefuse("--join is 'nowhere'", "HOST:PORT");
        real.Run("node", "--join", "127.0.0.1:4053", "--name", "a b").ShouldRefuse("--name is 'a b'");
        real.Run(Long(Single)).ShouldSucceed();
        real.Run("nodes", Single).ShouldRefuse($"No process is training runs/{Single}");
    }

    private void KillWorkers(int seed)
    {
        var name = $"nodes-killed-{seed}";
        var random = new Random(seed);
        var kills = 0;
        List<double> known = [], next = [];
        using (var run = Begin(name, 3, "trainers.max_restarts=0"))
        {
            run.WaitForLine(default, "node-3 joined").ShouldNotBeNull(run.Output);
            while (run.WaitForRows(random.Next(1, 25)) is not null)
            {
                // Never the last that has a state: steps since its last snapshot would be taken again.
                var living = Enumerable.Range(1, 3).Select(static i => $"node-{i}").Where(node => run.ProcessOf(node) is not null).ToList();
                if (living.Count < 2)
                    continue;
                var victim = living[random.Next(living.Count)];
                var (at, length) = (run.Now, run.MetricsLength);
                run.Signal(run.ProcessOf(victim)!.Value, "KILL");
                kills++;
                if (run.WaitForLine(at, $"lost {victim}") is { } lost)
                    known.Add((lost - at).TotalMilliseconds);
                RunOnNodes.Await(() => run.HasEnded || run.MetricsLength > length, "A step after the kill");
                next.Add((run.Now - at).TotalMilliseconds);

                // A new trainer has a state before the next is killed.
                run.WaitForLine(at, $"{victim} joined");
                run.WaitForRows(5);
            }

            run.End().ShouldSucceed();
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"seed {seed}: {kills} kills; known after {Median(known):0} ms (at most {known.Max():0}); next step after {Median(next):0} ms "
            + $"(at most {next.Max():0})"));
        kills.ShouldBeGreaterThan(1);
        ShouldBeAsUndisturbed(name);
        LostSteps(name).ShouldBe(0);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string[] Long(string name, params string[] more) => RealRun.Pretrain(
        name, "float32", [$"training.steps={Steps}", "checkpoints.every=50", "evaluation.every=200",

            // A busy machine may be silent for long; the end of a process is known at once.
            "nodes.timeout=20", .. more]);

    private RunOnNodes Begin(string name, int nodes, params string[] more) =>
        new(real, name, [.. Long(name, more), "--nodes", nodes.ToString(CultureInfo.InvariantCulture)]);

    // Of a run in one process.
    private (long Step, string Hash) Expected()
    {
        real.Run(Long(Single)).ShouldSucceed();
        return real.NewestWeights(Single);
    }

    private void ShouldBeAsUndisturbed(string name)
    {
        real.NewestWeights(name).ShouldBe(Expected());
        real.MetricSteps(name).ShouldBe(Enumerable.Range(1, Steps));
        real.Run("audit", name).ShouldSucceed().Output.ShouldContain("is clean");
    }

    // The gradient's norm depends on every bit of every gradient, and the next loss on every bit of the update.
    private List<(int, string, string)> StepBits(string name) =>
        [.. real.Metrics(name).Where(static row => row.TryGetProperty("gradient_norm", out _)).Select(static row => (
            row.GetProperty("step").GetInt32(), row.GetProperty("loss").GetRawText(), row.GetProperty("gradient_norm").GetRawText()))];

    private long LostSteps(string name)
    {
        using var json = JsonDocument.Parse(real.Run("goodput", name, "--json").ShouldSucceed().Output);
        return json.RootElement.GetProperty("lost_steps").GetInt64();
    }
}
