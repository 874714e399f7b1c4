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
        var kinds = ChaosSchedule.Draw(3, ChaosKinds.All.Count, ChaosSamples.Target()).Faults.Select(static fault => fault.Kind).ToList();
        kinds.Distinct().Count().ShouldBe(ChaosKinds.All.Count);
        ChaosKinds.All.Count.ShouldBeGreaterThanOrEqualTo(16);
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
