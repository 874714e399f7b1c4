using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Data.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>A prompt is known by its position in the stream, whatever is vetoed and wherever processes die.</summary>
public sealed class PromptPositionSimulationTests
{
    private const int Steps = 14, Batch = 8;

    private static readonly BatchPlan Plan = new(1, 10_000, Batch, 4);

    private static readonly RunLogicOptions Options = new()
    {
        ConfigurationHash = "hash",
        Schedule = Arithmetic.Constant(Steps),
        Rollouts = new(0, 1),
        Lanes = 4,
        Trainers = 2,
        CheckpointEvery = 3,
        TrainerTimeout = TimeSpan.FromSeconds(10),
        RetryInterval = TimeSpan.FromSeconds(1),
        Ladder = new() { Margin = 2, RollBack = new(10, 1000, 0) },
    };

    // NeMo-RL#3599: a count of samples was taken for a position, so that after failures some prompts were trained on twice and others
    // never; OpenRLHF#1103: the loader's state was saved and not loaded; A8.
    [Fact]
    public void Each_prompt_is_trained_on_once_or_skipped_with_a_reason()
    {
        for (var seed = 0; seed < 8; seed++)
        {
            // Two updates are vetoed, and one batch is left out by a rollback.
            var run = new SimulatedRun(
                seed, Options, Plan, Weather.Calm, poison: static position => position is 26 or 41,
                drift: static position => position / Batch == 9);
            foreach (var step in new[] { 2, 3, 4, 6, 10, 11 })
            {
                var waits = (seed * 5) % 23;
                run.Until(logic => logic.TakenSteps >= step && waits-- <= 0);
                run.NextProcess();
            }

            run.Run(200_000).Ending.ShouldBe(RunEnding.Finished);
            var trained = run.Steps.SelectMany(static row => row.Positions).ToList();
            var skips = JournalState.Of(run.Journal).Skips.Ranges;
            skips.ShouldAllBe(static range => range.Reason.Length > 0);
            var skipped = skips.SelectMany(static range => Enumerable.Range((int)range.First, (int)range.Count))
                .Select(static position => (long)position).ToList();
            new long[] { 26, 41, 9 * Batch }.ShouldBeSubsetOf(skipped);
            trained.Count.ShouldBe(Steps * Batch);
            trained.Concat(skipped).Order().Take(trained.Count)
                .ShouldBe(Enumerable.Range(0, trained.Count).Select(static at => (long)at), $"seed {seed}");
        }
    }
}
