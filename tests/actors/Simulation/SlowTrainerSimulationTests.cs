using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Data.Plan;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>A machine that is slower than the others, under virtual time: it costs the run little, and no bit.</summary>
public sealed class SlowTrainerSimulationTests
{
    private const int Slow = 2;
    private static readonly BatchPlan Plan = new(1, 10_000, 32, 16);

    private static readonly RunLogicOptions Small = new()
    {
        ConfigurationHash = "hash",
        Schedule = Arithmetic.Constant(40),
        Lanes = 16,
        Trainers = 4,
        Reducers = 2,
        TrainerTimeout = TimeSpan.FromSeconds(60),
        RetryInterval = TimeSpan.FromSeconds(1),
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_slow_trainer_gets_fewer_lanes_and_the_run_says_so_once(int seed)
    {
        var run = new SimulatedRun(seed, Small, Plan, new Weather { SlowBy = [1, 1, 8, 1] });
        Dictionary<long, int> lanes = [];
        run.Until(logic =>
        {
            var count = Count(logic.Status().Trainers[Slow].Lanes);
            lanes[logic.TakenSteps] = Math.Max(count, lanes.GetValueOrDefault(logic.TakenSteps));
            return logic.TakenSteps == 39;
        });
        lanes.Where(static step => step.Key is > 10 and < 39).Average(static step => step.Value).ShouldBeLessThan(2, string.Join(" ", lanes));
        run.Status.Trainers.Select(static trainer => trainer.IsSlow).ShouldBe([false, false, true, false]);
        Ended(run);
        run.Said.Count(static sentence => sentence.Contains("trainer-2", StringComparison.Ordinal)
            && sentence.Contains("slow", StringComparison.Ordinal)).ShouldBe(1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_slow_trainer_costs_less_time_than_equal_shares_would(int seed)
    {
        var run = new SimulatedRun(seed, Small, Plan, new Weather { SlowBy = [1, 1, 8, 1] });
        var begun = run.Now;
        Ended(run);

        // A lane takes a fast machine 22 ms on average, and with equal shares the slow one computes four.
        var equal = Small.Steps * 4 * 8 * TimeSpan.FromMilliseconds(22);
        (run.Now - begun).ShouldBeLessThan(equal * 0.6);
    }

    [Fact]
    public void Trainers_of_one_pace_keep_equal_shares()
    {
        var run = new SimulatedRun(1, Small, Plan);
        Ended(run);
        run.Said.ShouldNotContain(static sentence => sentence.Contains("slow", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Lanes_of_a_trainer_that_hangs_are_taken_long_before_it_counts_as_lost(int seed)
    {
        var run = new SimulatedRun(seed, Small, Plan, new Weather { SlowBy = [1, 1, 1, 1] });
        run.Until(static logic => logic.TakenSteps == 10);
        run.World.SlowBy[0] = 1000;
        var hung = run.Now;
        run.Until(static logic => logic.TakenSteps == 11);
        (run.Now - hung).ShouldBeLessThan(TimeSpan.FromSeconds(5));
        run.World.SlowBy[0] = 1;
        Ended(run);
        run.Journal.OfType<TrainerLeft>().ShouldBeEmpty();
    }

    [Fact]
    public void A_trainer_that_is_fast_again_gets_its_lanes_back()
    {
        var run = new SimulatedRun(1, Small with { Schedule = Arithmetic.Constant(300) }, Plan, new Weather { SlowBy = [1, 1, 100, 1] });
        run.Until(static logic => logic.TakenSteps == 40);
        run.Status.Trainers[Slow].IsSlow.ShouldBeTrue();
        run.World.SlowBy[Slow] = 1;
        run.Until(static logic => !logic.Status().Trainers[Slow].IsSlow);
        run.Status.Step.ShouldBeLessThan(150);
        Ended(run);
    }

    private static void Ended(SimulatedRun run)
    {
        run.Run(400_000).Ending.ShouldBe(RunEnding.Finished);
        var last = run.Steps[^1].Step;
        run.Disk.Checkpoints[last].ShouldBe(Arithmetic.Undisturbed(Plan, last));
    }

    // Of words such as "{2-3} {4}".
    private static int Count(string blocks) => blocks.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Select(static block => block.Trim('{', '}').Split('-'))
        .Sum(static ends => int.Parse(ends[^1], null) - int.Parse(ends[0], null) + 1);
}
