using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Chaos.Tests.World;

namespace ActorTrain.Chaos.Tests;

/// <summary>Runs under trouble that a seed decides: whatever it is, nothing but time is lost.</summary>
public sealed class ScheduleTests
{
    private static readonly ScheduleRuns Runs = new(ScheduleFamily.Text, "seeds.txt", schedules: 60);

    public static TheoryData<int> Seeds => [.. Runs.Seeds];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task A_run_that_is_disturbed_ends_with_the_bits_of_one_that_is_not(int seed) => await Runs.Of(seed);

    /// <summary>So that a target that is never hit, such as a message that was renamed, does not go unnoticed.</summary>
    [Fact]
    public async Task Every_actor_was_made_to_throw_at_every_kind_of_message() => (await Runs.Missed()).ShouldBeEmpty();

    /// <summary>Another in its place would write that the run is resumed, behind its end.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_supervisor_that_fails_when_it_has_said_how_the_run_ended_is_not_replaced(int seed)
    {
        var schedule = new RandomSchedule { Seed = seed, Training = ChaosText.Float32, Trainers = seed, FailsAtEnd = true };
        ChaosRun.Do(schedule).ShouldNotBeEmpty();
    }
}
