using ActorTrain.Actors.Protocol;
using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Chaos.Tests.World;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Journal;
using ActorTrain.Tests.Processes;

namespace ActorTrain.Chaos.Tests;

/// <summary>What cannot be repaired ends the run in order: with a checkpoint, and a report that says what failed, how often, and where to
/// look.</summary>
public sealed class RestartLimitTests
{
    [Fact]
    public void A_trainer_that_always_throws_ends_the_run_with_a_checkpoint_and_a_report()
    {
        var folder = Directory.CreateTempSubdirectory("actortrain-chaos-").FullName;
        try
        {
            // The second trainer, which joins after the third step, never has a device.
            var make = new FaultTarget(FaultTarget.Device, "Make");
            var schedule = new RandomSchedule
            {
                Seed = 0,
                Training = ChaosText.Long,
                Trainers = 1,
                CheckpointEvery = 0,
                Scales = [(3, 2)],
                Rules = [.. Enumerable.Range(1, 20).Select(occurrence => new FaultRule(make, occurrence, Fault.Throw))],
            };
            var place = new ChaosPlace(folder);
            var ended = new RunPart(schedule, 0, place) { Supervision = static options => options with { MaxLosses = 2 } }.Live();
            ended.Ending.ShouldBe(RunEnding.Failed);
            ended.Report.ShouldMatch(
                @"^Trainer 1 was lost 3 times within 10 minutes and is not started again; the last time: InjectedFaultException: There was made to be no device\. More is in run\.log, under trainer-1-3\.$");
            using var checkpoint = place.OpenCheckpoints().LoadLatest(schedule.Training.Layout,
                static fault => throw new InvalidOperationException(fault.Sentence)).ShouldNotBeNull();
            checkpoint.Manifest.Facts.Step.ShouldBe(ended.Step);
            ended.Step.ShouldBeGreaterThanOrEqualTo(3);
            var state = JournalState.Of(place.ReadJournal());
            state.Ending.ShouldBe(new JournalEnding(false, ended.Step, ended.Report));
            state.NewestCheckpoint.ShouldBe(ended.Step);

            // What was reached is good: once the machine is repaired, the run resumes to the same bits.
            new RunPart(schedule with { Rules = [], Scales = [] }, 0, place).Live().Ending.ShouldBe(RunEnding.Finished);
            using var last = place.OpenCheckpoints().LoadLatest(schedule.Training.Layout,
                static fault => throw new InvalidOperationException(fault.Sentence)).ShouldNotBeNull();
            StateHash.Of(last.Weights, last.FirstMoment!, last.SecondMoment!).ShouldBe(schedule.Training.Undisturbed.State);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The real program: a disk that goes bad under the tokens in mid-run, so that no trainer can continue.</summary>
    [Fact]
    public void The_program_says_what_failed_how_often_and_where_to_look_and_exits_with_the_code_of_an_error()
    {
        using var real = new RealRun();
        var steady = new[] { "trainers.max_restarts=2", "trainers.restart_backoff_min=0.01", "trainers.restart_backoff_max=0.02",
            "training.steps=2000" };
        using var process = real.Start(RealRun.Pretrain("damaged", "float32", steady));
        KillTests.WaitForChange(real.RunFolder("damaged"), "metrics.jsonl", 6);

        // By other programs: .NET would not write to a file that is locked.
        using (var disk = real.StartIn("data", "bash",
            ["-c", "head -c $(stat -c %s train-00000.bin) /dev/zero | tr '\\0' '\\377' | dd of=train-00000.bin conv=notrunc status=none"]))
            Outcome.Of(disk).ShouldSucceed();
        var outcome = Outcome.Of(process);
        outcome.ExitCode.ShouldBe(2, outcome.Output + outcome.Error);
        var report = outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        report.ShouldMatch(
            @"^actortrain: Trainer 0 was lost 3 times within 10 minutes and is not started again; the last time: .+ More is in .*run\.log, under trainer-0-3\.$");

        // Nobody could save more than what was saved: the only trainer had it.
        real.NewestWeights("damaged").Step.ShouldBeGreaterThanOrEqualTo(3);
        real.State("damaged").ShouldBe("stopped");
    }
}
