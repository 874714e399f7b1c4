using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ActorTrain.Tests.Processes;
using Xunit.Abstractions;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>Runs that many nodes join at once, and whose number of nodes changes all the time.</summary>
[Collection(nameof(RealRun))]
[Trait("Category", "Cluster")]
public sealed class ManyNodesTests(RealRun real, ITestOutputHelper output)
{
    private const int Steps = 400;

    /// <summary>Four have a place; when these are killed at once, four of those that wait take them.</summary>
    [Fact]
    public void Of_thirty_two_nodes_that_join_at_once_some_train_and_the_others_wait_for_a_place()
    {
        const int Count = 32, Places = 4;
        var address = FreeAddress.FindText();
        var nodes = new Nodes(real, address);
        using (var run = new RunOnNodes(real, "nodes-many", Arguments("nodes-many", $"nodes.listen={address}", $"trainers.count={Places}")))
        using (nodes)
        {
            nodes.Start(Count);
            RunOnNodes.Await(() => run.HasEnded || States("nodes-many") is { Count: Count }, "32 nodes");
            run.HasEnded.ShouldBeFalse(run.Output);
            output.WriteLine($"{Count} nodes are known after {run.Now.TotalSeconds:F1} s");
            var states = States("nodes-many");
            states.Count(static state => state.State == "admitted").ShouldBe(Places);
            states.Count(static state => state.State == "parked").ShouldBe(Count - Places);
            run.WaitForRows(5).ShouldNotBeNull(run.Output);
            var killed = run.Now;
            nodes.Kill([.. states.Where(static state => state.State == "admitted").Select(static state => state.Name)]);
            RunOnNodes.Await(
                () => run.HasEnded || States("nodes-many").Count(static state => state.State == "admitted") == Places, "Others in their places");
            output.WriteLine($"others are in the places of four that were killed after {(run.Now - killed).TotalSeconds:F1} s");
            run.End().ShouldSucceed();
        }

        ShouldBeAsUndisturbed("nodes-many");
    }

    [Fact]
    public void The_number_of_nodes_may_go_from_one_to_four_to_two_to_eight()
    {
        var address = FreeAddress.FindText();
        var nodes = new Nodes(real, address);
        using (var run = new RunOnNodes(real, "nodes-scaled", Arguments("nodes-scaled", $"nodes.listen={address}", "trainers.count=1")))
        using (nodes)
        {
            nodes.Start(1);
            run.WaitForLine(default, "n1 joined").ShouldNotBeNull(run.Output);
            ShouldTrainOn(run, 1);
            nodes.Start(3);
            ShouldTrainOn(run, 4);
            nodes.Leave(2);
            ShouldTrainOn(run, 2);
            nodes.Start(6);
            ShouldTrainOn(run, 8);
            run.End().ShouldSucceed();
        }

        ShouldBeAsUndisturbed("nodes-scaled");
        using var json = JsonDocument.Parse(real.Run("goodput", "nodes-scaled", "--json").ShouldSucceed().Output);
        json.RootElement.GetProperty("lost_steps").GetInt64().ShouldBe(0);
    }

    private void ShouldTrainOn(RunOnNodes run, int count)
    {
        real.Run("scale", "nodes-scaled", "--trainers", count.ToString(CultureInfo.InvariantCulture)).ShouldSucceed();
        RunOnNodes.Await(
            () => run.HasEnded || States("nodes-scaled").Count(static state => state.State == "admitted") == count, $"{count} nodes");
        run.WaitForRows(5).ShouldNotBeNull(run.Output);
    }

    // None while nobody answers.
    private List<(string Name, string State)> States(string name)
    {
        var answer = real.Run("nodes", name, "--json");
        if (answer.ExitCode != 0)
            return [];
        using var json = JsonDocument.Parse(answer.Output);
        return
        [
            .. json.RootElement.GetProperty("nodes").EnumerateArray()
                .Select(static node => (node.GetProperty("name").GetString()!, node.GetProperty("state").GetString()!)),
        ];
    }

    private static string[] Arguments(string name, params string[] more) => RealRun.Pretrain(
        name, "float32",
        [
            $"training.steps={Steps}", "training.lanes=8", "checkpoints.every=50", "evaluation.every=200", "nodes.timeout=20", .. more]);

    private void ShouldBeAsUndisturbed(string name)
    {
        real.Run(Arguments("many-single")).ShouldSucceed();
        real.NewestWeights(name).ShouldBe(real.NewestWeights("many-single"));
        real.MetricSteps(name).ShouldBe(Enumerable.Range(1, Steps));
        real.Run("audit", name).ShouldSucceed().Output.ShouldContain("is clean");
    }

    private sealed class Nodes(RealRun real, string address) : IDisposable
    {
        private readonly Dictionary<string, Process> all = [];

        public void Start(int count)
        {
            for (var i = 0; i < count; i++)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"n{all.Count + 1}");
                all[name] = real.Start("node", "--join", address, "--name", name);
            }
        }

        public void Kill(IReadOnlyList<string> names)
        {
            foreach (var name in names)
                all[name].Kill();
        }

        /// <summary>The first of those that have not ended.</summary>
        public void Leave(int count)
        {
            foreach (var node in all.Values.Where(static node => !node.HasExited).Take(count).ToList())
            {
                using var term = real.StartIn("", "kill", ["-TERM", node.Id.ToString(CultureInfo.InvariantCulture)]);
                Outcome.Of(node).ShouldSucceed();
            }
        }

        public void Dispose()
        {
            foreach (var node in all.Values)
            {
                if (!node.HasExited)
                    node.Kill();
                node.Dispose();
            }
        }
    }
}
