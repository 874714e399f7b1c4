namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>What <c>make simulate</c> runs by the hundred thousand.</summary>
public sealed class SimulatedScheduleTests
{
    [Fact]
    public void Whatever_fails_a_run_ends_as_one_that_nothing_disturbed_and_that_knew_all_decisions_from_the_start()
    {
        for (var seed = 0; seed < 300; seed++)
            Run(seed);
    }

    /// <summary>1084: a trainer was asked again and again for a batch on weights that it had left. 3017684: one that had no other beside
    /// it was asked to prove itself without end. 1019598: rows of metrics that were durable were written again by the publisher's next life,
    /// and a power cut took them. 7034140: an earlier process' decision had taken the place of one of the run's, and the journal added those
    /// after it all the same. 21039269: the step of a state that a trainer had left in a rollback passed for that of its new one. 143: the
    /// figures of a step's rollouts were missing where an operator's skip came in its midst. 701209: a power cut took a rewind from the
    /// metrics, and a run resumed from a node's state behind rows that it had left.</summary>
    [Theory]
    [InlineData(143)]
    [InlineData(701209)]
    [InlineData(1084)]
    [InlineData(1019598)]
    [InlineData(3017684)]
    [InlineData(7034140)]
    [InlineData(21039269)]
    public void Seeds_that_failed_once_do_so_no_more(int seed) => Run(seed);

    private static void Run(int seed)
    {
        try
        {
            SimulatedSchedule.Of(seed).Run();
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"Seed {seed}: {exception.Message}", exception);
        }
    }
}
