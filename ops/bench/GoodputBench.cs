using System.Globalization;

namespace ActorTrain.Bench;

/// <summary>Training with a fault every 30 seconds against training without, in alternation, 600,000 tokens each: the fraction of the
/// undisturbed speed. Redone steps do not count.</summary>
internal static class GoodputBench
{
    private const long Tokens = 600_000;
    private const int Steps = 10;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(30);
    private static readonly BenchFault[] Kinds =
        [BenchFault.TrainerThrows, BenchFault.WeightFlips, BenchFault.ReducerThrows, BenchFault.MessageIsLost, BenchFault.SupervisorThrows];

    public static void Run(Figures figures)
    {
        Console.WriteLine(
            $"\ngoodput: the benchmark model in bf16, 2 trainers of 1 thread; {Tokens:N0} tokens with a fault every {Every.TotalSeconds} "
            + $"s, and as many without, in turns");
        var faults = new ArmedFaults();
        using var calm = new TraineeActors(trainers: 2, threads: 1, reducers: 2, auditEvery: 20, snapshotEvery: 10);
        using var disturbed =
            new TraineeActors(trainers: 2, threads: 1, reducers: 2, faults, auditEvery: 20, snapshotEvery: 10, maxFaults: 1_000_000);
        calm.Advance(3);
        disturbed.Advance(3);
        var (calmTime, disturbedTime, sinceFault) = (TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);
        var costs = Kinds.ToDictionary(static kind => kind, static _ => new List<double>());
        var count = 0;
        for (long tokens = 0; tokens < Tokens; tokens += Steps * TraineeActors.TokensPerStep)
        {
            var fault = sinceFault < Every ? BenchFault.None : Kinds[count++ % Kinds.Length];
            if (fault != BenchFault.None)
                sinceFault -= Every;
            var (undisturbed, took) = (calm.Advance(Steps), disturbed.Advance(Steps, () => faults.Arm(fault)));
            calmTime += undisturbed;
            disturbedTime += took;
            sinceFault += took;
            if (fault != BenchFault.None)
                costs[fault].Add((took - undisturbed).TotalSeconds);
        }

        if (calm.LastNorm != disturbed.LastNorm)
            throw new InvalidOperationException(
                $"The gradient norm of the last step is {calm.LastNorm:R}, and {disturbed.LastNorm:R} with faults.");
        foreach (var (kind, cost) in costs.Where(static cost => cost.Value.Count > 0))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {kind}: {cost.Average():F2} s each (of {cost.Count})"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {calmTime.TotalSeconds:F1} s undisturbed, {disturbedTime.TotalSeconds:F1} s with {count} faults"));
        figures.Add("goodput.under_fault_percent", 100 * calmTime / disturbedTime);
    }
}
