using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Chaos.Tests.World;

namespace ActorTrain.Chaos.Tests;

/// <summary>Who computes what, and who sums it, leaves no trace in the bits.</summary>
public sealed class SameBitsTests
{
    public static TheoryData<int, int> Counts
    {
        get
        {
            var counts = new TheoryData<int, int>();
            foreach (var trainers in (int[])[1, 2, 3, 4, 5, 8])
            {
                for (var reducers = 1; reducers <= 3; reducers++)
                    counts.Add(trainers, reducers);
            }

            return counts;
        }
    }

    /// <summary>The model is so large that each reducer has a shard of its own.</summary>
    [Theory]
    [MemberData(nameof(Counts))]
    public void Any_number_of_trainers_and_reducers_ends_with_the_bits_of_the_bare_loop(int trainers, int reducers) =>
        ChaosRun.Do(Calm(ChaosText.Wide) with { Trainers = trainers, Reducers = reducers, CheckpointEvery = 2, EvaluateEvery = 2 });

    /// <summary>A change after every second step, on average.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Trainers_that_join_and_leave_at_random_leave_no_trace(int seed)
    {
        var random = new Random(seed);
        ChaosRun.Do(Calm(seed % 2 == 0 ? ChaosText.BFloat16 : ChaosText.Float32) with
        {
            Trainers = 1 + random.Next(8),
            Reducers = 1 + random.Next(3),
            Scales = [.. Enumerable.Range(0, 7).Select(_ => ((long)random.Next(ChaosText.Float32.Steps), 1 + random.Next(8)))],
        });
    }

    private static RandomSchedule Calm(ChaosTraining training) => new() { Seed = 0, Training = training };
}
