using System.Diagnostics;
using System.Globalization;

namespace ActorTrain.Bench;

/// <summary>Training with a fault every 30 seconds against training without, in turns, a million tokens each: what part of the undisturbed speed is
/// left.</summary>
internal static class GoodputBench
{
    private const long Tokens = 1_000_000;
    private const int Steps = 10;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    public static void Run(Figures figures)
    {
        Console.WriteLine($"\ngoodput: the benchmark model in bf16, 2 trainers of 1 thread; {Tokens:N0} tokens with the loss of a trainer every {Every.TotalSeconds} s, and as many without, in turns");
        var crash = new TrainerCrash();
        using var calm = new TraineeActors(trainers: 2, threads: 1, reducers: 2, auditEvery: 20, snapshotEvery: 10);
        using var disturbed = new TraineeActors(trainers: 2, threads: 1, reducers: 2, crash, auditEvery: 20, snapshotEvery: 10, maxFaults: int.MaxValue);
        calm.Run(3);
        disturbed.Run(3);
        var (calmTime, disturbedTime, sinceFault) = (TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);
        var faults = 0;
        long tokens = 0;
        while (tokens < Tokens)
        {
            calmTime += Time(calm);
            var took = Time(disturbed);
            disturbedTime += took;
            sinceFault += took;
            if (sinceFault >= Every)
            {
                sinceFault -= Every;
                faults++;
                crash.Arm();
            }

            tokens += Steps * TraineeActors.TokensPerStep;
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {tokens:N0} tokens: {calmTime.TotalSeconds:F1} s undisturbed, {disturbedTime.TotalSeconds:F1} s with {faults} faults"));
        figures.Add("goodput.under_fault_percent", 100 * calmTime / disturbedTime);
    }

    private static TimeSpan Time(TraineeActors trainee)
    {
        var started = Stopwatch.GetTimestamp();
        trainee.Run(Steps);
        return Stopwatch.GetElapsedTime(started);
    }
}
