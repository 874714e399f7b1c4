using System.Globalization;

namespace ActorTrain.Bench;

/// <summary>The cost of faults, in steps that could have been taken in that time: losing a trainer, and rolling back to a snapshot in
/// memory or to a checkpoint on disk.</summary>
internal static class RecoveryBench
{
    private const int Faults = 25;
    private const int Steps = 5;

    public static void Run(Figures figures)
    {
        Console.WriteLine(
            $"\nrecovery: the benchmark model in bf16, 2 trainers of 1 thread, batch 8 as 8 lanes; medians over {Faults} faults each");
        Crashes(figures);
        Rollbacks(figures);
    }

    // Steps in the first of which one trainer is lost and recovers, against undisturbed ones before and after them.
    private static void Crashes(Figures figures)
    {
        var crash = new ArmedFaults();
        using var trainee = new TraineeActors(trainers: 2, threads: 1, reducers: 2, crash, maxFaults: 1_000_000);
        trainee.Advance(3);
        var lost = new List<double>();
        var before = trainee.Advance(Steps);
        for (var i = 0; i < Faults; i++)
        {
            var disturbed = trainee.Advance(Steps, () => crash.Arm(BenchFault.TrainerThrows));
            var after = trainee.Advance(Steps);
            lost.Add(Steps * ((2 * disturbed / (before + after)) - 1));
            before = after;
        }

        Print("the loss of one of two trainers", lost, "steps");
        figures.Add("recovery.trainer_crash.steps", lost.Median());
    }

    // From the decision to roll back to the commit of the first step after it.
    private static void Rollbacks(Figures figures)
    {
        using var trainee = new TraineeActors(trainers: 2, threads: 1, reducers: 2, checkpointEvery: 6, snapshotEvery: 2);
        trainee.Run(24);
        var (memory, disk) = (new List<double>(), new List<double>());
        var calm = trainee.Steps.Skip(8).Select(static step => step.Elapsed.TotalSeconds).Median();
        for (var i = 0; i < Faults; i++)
        {
            memory.Add(First(back: 2) / calm);

            // Beyond the reach of snapshots.
            disk.Add(First(back: 6));
            trainee.Run(6);
        }

        Print("back to a snapshot in memory, the first step included", memory, "steps");
        Print("back to a checkpoint on disk, the first step included", disk, "s");
        figures.Add("recovery.rollback_memory.steps", memory.Median());
        figures.Add("recovery.rollback_disk.seconds", disk.Median());

        double First(int back)
        {
            var count = trainee.Steps.Count;
            var at = trainee.Steps[^1].Step;
            trainee.GoBack(at - back);
            trainee.Run(2);

            // The current step may still have been committed before the request arrived.
            return trainee.Steps.Skip(count).First(step => step.Step <= at).Elapsed.TotalSeconds;
        }
    }

    internal static void Print(string what, List<double> values, string unit) =>
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"  {what}: {values.Median():F2} {unit} ({values.Min():F2}–{values.Max():F2})"));
}
