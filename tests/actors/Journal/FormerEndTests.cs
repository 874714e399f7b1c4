using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Tests.Simulation;
using ActorTrain.Data.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Journal;

public sealed class FormerEndTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void How_the_process_before_ended_is_recorded_by_the_first_supervisor_of_a_process_and_no_other()
    {
        var options =
            new RunLogicOptions { ConfigurationHash = "h", Schedule = Arithmetic.Constant(10), Lanes = 1, FormerEnd = "It was killed." };
        var plan = new BatchPlan(seed: 1, samples: 10, batchSize: 1, lanes: 1);
        RunEvent[] before = [new RunStarted(Noon, "h", 10, 1, 1)];
        var first = new RunLogic(options, plan, RecoveryState.Of([]), before);
        Resumed(first).FormerEnd.ShouldBe("It was killed.");
        Resumed(new RunLogic(options, plan, first.RecoveryState, before)).FormerEnd.ShouldBeNull();
    }

    private static RunResumed Resumed(RunLogic logic) =>
        logic.Begin(Noon).OfType<ToJournal>().Select(static effect => effect.Command.Event).OfType<RunResumed>().Last();
}
