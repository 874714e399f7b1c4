using ActorTrain.Chaos;

namespace ActorTrain.Host.Tests.Chaos;

public sealed class ChaosScheduleTests
{
    [Fact]
    public void The_same_seed_draws_the_same_faults()
    {
        for (ulong seed = 0; seed < 50; seed++)
        {
            var drawn = ChaosSchedule.Draw(seed, 12, ChaosSamples.Target());
            drawn.Faults.ShouldBe(ChaosSchedule.Draw(seed, 12, ChaosSamples.Target()).Faults);
            drawn.Faults.ShouldAllBe(static fault => fault.Step >= 1 && fault.Step < 199);
        }
    }

    [Fact]
    public void Every_kind_is_drawn_before_any_comes_again()
    {
        foreach (var run in (ChaosTarget[])[ChaosSamples.Target(), ChaosSamples.Rollouts(), ChaosSamples.Nodes()])
        {
            var possible = ChaosKinds.All.Where(kind => kind.LackIn(run) is null).Select(static kind => kind.Name).Order().ToList();
            possible.Count.ShouldBeGreaterThanOrEqualTo(16);
            ChaosSchedule.Draw(3, possible.Count, run).Faults.Select(static fault => fault.Kind).Order().ShouldBe(possible);
        }
    }

    // A fault of a sampler that was drawn for the last step of a run with a lag never fired.
    [Theory]
    [InlineData(198, "rollouts.lag=1")]
    [InlineData(192, "rollouts.epochs=4", "rollouts.window=16", "training.steps=200")]
    [InlineData(199)]
    public void Workers_of_rollouts_are_broken_in_steps_whose_weights_sample(long last, params string[] settings)
    {
        var run = ChaosSamples.Rollouts(settings);
        run.Rollouts!.LastSampling.ShouldBe(last);
        ChaosSchedule.Draw(4, 2000, run).Faults.Where(static fault => ChaosKinds.ByName[fault.Kind].IsOfWorker)
            .ShouldAllBe(fault => fault.Step >= 1 && fault.Step < last);
    }

    [Fact]
    public void On_nodes_the_memory_of_samplers_is_out_of_reach()
    {
        var run = ChaosSamples.Rollouts() with { Nodes = 3 };
        ChaosKinds.All.Where(kind => kind.LackIn(run) is null && kind.Role == ChaosKind.Sampler).Select(static kind => kind.Name)
            .ShouldBe(["sampler-exception", "sampler-hang"]);
    }

    [Fact]
    public void Only_what_a_run_has_is_broken()
    {
        ChaosKind[] Lacking(ChaosTarget run) => [.. ChaosKinds.All.Where(kind => kind.LackIn(run) is not null)];
        Lacking(ChaosSamples.Target()).Select(static kind => kind.Role).Distinct().Order().ShouldBe(
            ["critic", "ledger", "node", "reference", "reward", "rollout", "rollouts", "spikes"]);
        string[] ofNodes = ["node-death", "node-hang", "node-departure", "data-plane-cut"];
        Lacking(ChaosSamples.Rollouts()).Select(static kind => kind.Name).ShouldBe(["poisoned-batch", "critic-death", .. ofNodes]);
        Lacking(ChaosSamples.Rollouts("advantages.estimator=gae")).Select(static kind => kind.Name).ShouldBe(["poisoned-batch", .. ofNodes]);
        Lacking(ChaosSamples.Rollouts("policy.kl_coefficient=0", "rollouts.lag=1")).Select(static kind => kind.Name)
            .ShouldBe(["poisoned-batch", "sampler-wrong", "reference-death", "critic-death", .. ofNodes]);
        ChaosKinds.All.Where(kind => kind.LackIn(ChaosSamples.Nodes()) is null && ofNodes.Contains(kind.Name)).Count().ShouldBe(4);
        ChaosSchedule.DrawTimed(5, 30, ChaosSamples.Rollouts()).Faults.Select(static fault => fault.Actor).Distinct()
            .ShouldBeSubsetOf(
            [
                "trainer-0", "trainer-1", "trainer-2", "reducer-0", "reducer-1", "reducer-2", "supervisor", "trainers", "spikes",
                "checkpointer", "metrics", "journal", "rollouts", "rollout-0", "rollout-1", "rollout-2", "reward", "reference", "ledger",
            ]);
    }

    [Fact]
    public void The_table_in_the_documents_is_that_of_the_program()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "ActorTrain.sln")))
            folder = Path.GetDirectoryName(folder)!;
        var rows = File.ReadLines(Path.Combine(folder, "ops", "chaos", "README.md"))
            .Where(static line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(2);
        rows.ShouldBe(ChaosKinds.All.Select(static kind => $"| {kind.Name} | {kind.What} | {kind.Answer} |"));
    }

    [Fact]
    public void A_run_whose_trainers_may_be_silent_for_long_is_spared_hangs() =>
        ChaosSchedule.Draw(3, 100, ChaosSamples.Target("trainers.timeout=120"))
            .Faults.ShouldNotContain(static fault => fault.Kind == "trainer-hang");

    [Fact]
    public void Faults_by_the_clock_come_at_their_interval_and_leave_the_data_alone()
    {
        var schedule = ChaosSchedule.DrawTimed(3, 30, ChaosSamples.Target());
        schedule.Faults.Take(3).Select(static fault => fault.After).ShouldBe([30, 60, 90]);
        schedule.Faults.ShouldNotContain(static fault => fault.Kind == "poisoned-batch");
        schedule.IsTimed.ShouldBeTrue();
    }
}
