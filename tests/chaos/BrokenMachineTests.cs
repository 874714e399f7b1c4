using System.Diagnostics;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Training;
using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Chaos.Tests.World;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Chaos.Tests;

/// <summary>A machine that computes wrong bits from some step on, in a process that is killed before anybody has found out.</summary>
public sealed class BrokenMachineTests
{
    private const int Machine = 1, WrongFrom = 10, Killed = 137;

    /// <summary>The next process has the same machine, or has it no more, so that nobody can ever find out.</summary>
    [Theory]
    [InlineData(3, 3)]
    [InlineData(2, 1)]
    public void Wrong_bits_that_a_killed_process_saved_do_not_stay_in_the_weights(int trainers, int later)
    {
        var folder = Directory.CreateTempSubdirectory("actortrain-chaos-").FullName;
        try
        {
            var start = new ProcessStartInfo("dotnet", ["exec", typeof(BrokenMachineTests).Assembly.Location, "machine", folder, $"{trainers}"]) { RedirectStandardError = true };
            using (var process = Process.Start(start)!)
            {
                var error = process.Result(process.StandardError.ReadToEndAsync(), "did not end its output");
                process.WaitToEnd();
                process.ExitCode.ShouldBe(Killed, error);
            }

            var place = new ChaosPlace(folder);
            place.ReadJournal().OfType<CorruptionFound>().ShouldBeEmpty();
            NewestCheckpoint(place).ShouldBeGreaterThan(WrongFrom);
            var life = Of(place, trainers: later, onStep: null);
            life.Live().Ending.ShouldBe(RunEnding.Finished);
            ChaosVerdict.Check(place, Schedule(later), life.Faults.Witness);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The process that is killed once a checkpoint has wrong bits in it.</summary>
    internal static int Live(string folder, int trainers)
    {
        var place = new ChaosPlace(folder);
        var ended = Of(place, trainers, onStep: (_, _) =>
        {
            if (NewestCheckpoint(place) > WrongFrom)
                Process.GetCurrentProcess().Kill();
        }).Live();
        Console.Error.WriteLine(ended);
        return 1;
    }

    private static long NewestCheckpoint(ChaosPlace place) => place.OpenArchive().List() is [var newest, ..] ? newest.Step : 0;

    // Audited are steps 0 and 20, and the last one.
    private static ChaosSchedule Schedule(int trainers) =>
        new() { Seed = 0, Training = ChaosTraining.NoiseInOneLane, Trainers = trainers, CheckpointEvery = 1, AuditEvery = 20 };

    // It reads the sample behind the one that is asked for, always.
    private static ChaosLife Of(ChaosPlace place, int trainers, Action<ChaosLife, long>? onStep)
    {
        var schedule = Schedule(trainers);
        return new ChaosLife(schedule, 0, place)
        {
            OnStep = onStep,
            Machine = (device, trainer) => trainer.Number != Machine ? device : device with
            {
                Samples = planned => device.Samples(planned.Select(sample => sample.Position < WrongFrom * schedule.Training.Plan.BatchSize ? sample : sample with { Sample = sample.Sample + 1 })),
            },
        };
    }
}
