using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Chaos.Tests.World;

namespace ActorTrain.Chaos.Tests;

/// <summary>Runs on rollouts under trouble that a seed decides, synchronous ones and those with a lag: policy and critic end with the bits
/// of an undisturbed run, and so does each rollout.</summary>
public sealed class RolloutScheduleTests
{
    private static readonly ScheduleRuns Runs = new(ScheduleFamily.Policy, "seeds-rlhf.txt", schedules: 200);

    public static TheoryData<int> Seeds => [.. Runs.Seeds];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task A_run_that_is_disturbed_ends_with_the_bits_of_one_that_is_not(int seed) => await Runs.Of(seed);

    [Fact]
    public async Task Every_actor_was_made_to_throw_at_every_kind_of_message()
    {
        // That a sampler computed wrongly is told where one did and was outvoted, which is a matter of chance.
        (await Runs.Missed()).Where(static target => $"{target}" != "supervisor/WorkerCorrupted").ShouldBeEmpty();
    }

    /// <summary>Who samples, beside whom, and how many train leave no trace.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(3, 2)]
    public void Any_number_of_trainers_and_samplers_ends_with_the_bits_of_the_bare_loop(int trainers, int samplers)
    {
        foreach (var training in ChaosPolicy.All)
        {
            ChaosRun.Do(
                new RandomSchedule { Seed = trainers, Training = training, Trainers = trainers, Workers = samplers, AuditEvery = 1 });
        }
    }
}
