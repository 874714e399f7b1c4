using System.Diagnostics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Chaos.Tests.World;
using ActorTrain.Data.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Chaos.Tests;

/// <summary>A machine that computes wrong bits from some step on, in a process that is killed before anybody has found out.</summary>
public sealed class BrokenMachineTests
{
    private const int Machine = 1, WrongFrom = 10, HeldFrom = 16, Killed = 137;

    /// <summary>The next process has the same machine, or has it no more, so that nobody can ever find out.</summary>
    [Theory]
    [InlineData(3, 3)]
    [InlineData(2, 1)]
    public void Wrong_bits_that_a_killed_process_saved_do_not_stay_in_the_weights(int trainers, int later)
    {
        var folder = Directory.CreateTempSubdirectory("actortrain-chaos-").FullName;
        try
        {
            var start = new ProcessStartInfo("dotnet",
                ["exec", typeof(BrokenMachineTests).Assembly.Location, "machine", folder, $"{trainers}"])
            { RedirectStandardError = true };
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
            ChaosVerdict.Check(place, Schedule(later), life.Faults.Decisions);
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
        var ended = Of(place, trainers, onStep: (_, _) => KillOnceSaved(), beforeStep: step =>
        {
            // The audit of a later step would find out before a slow disk has it.
            if (step >= HeldFrom)
                SpinWait.SpinUntil(KillOnceSaved, BoundedWaits.Longest);
        }).Live();
        Console.Error.WriteLine(ended);
        return 1;

        bool KillOnceSaved()
        {
            if (NewestCheckpoint(place) > WrongFrom)
                Process.GetCurrentProcess().Kill();
            return false;
        }
    }

    private static long NewestCheckpoint(ChaosPlace place) => place.OpenArchive().List() is [var newest, ..] ? newest.Step : 0;

    // Audited are steps 0 and 20, and the last one.
    private static RandomSchedule Schedule(int trainers) =>
        new() { Seed = 0, Training = ChaosText.NoiseInOneLane, Trainers = trainers, CheckpointEvery = 1, AuditEvery = 20 };

    // It reads the sample behind the one that is asked for, always.
    private static RunPart Of(ChaosPlace place, int trainers, Action<RunPart, long>? onStep, Action<long>? beforeStep = null)
    {
        var schedule = Schedule(trainers);
        var batch = schedule.Training.Plan.BatchSize;
        return new RunPart(schedule, 0, place)
        {
            OnStep = onStep,
            Machine = (device, trainer) => device with
            {
                Samples = planned =>
                {
                    PlannedSample[] samples = [.. planned];
                    beforeStep?.Invoke(samples[0].Position / batch);
                    return device.Samples(trainer.Number != Machine ? samples : samples.Select(
                        sample => sample.Position < WrongFrom * batch ? sample : sample with { Sample = sample.Sample + 1 }));
                },
            },
        };
    }
}
