using ActorTrain.Models;

namespace ActorTrain.Bench;

/// <summary>The cost of lanes: the benchmark's batch as one lane and as eight, in alternation.</summary>
internal static class LaneBench
{
    public static void Run(Figures figures)
    {
        Console.WriteLine("\nlanes: the benchmark model in bf16, batch 8 as 8 lanes of one sequence against 1 lane of eight; tokens/s");
        using var one = new Trainee(Trainee.BenchmarkModel, Precision.BFloat16, batch: 8, lanes: 1);
        using var eight = new Trainee(Trainee.BenchmarkModel, Precision.BFloat16, batch: 8, lanes: 8);
        one.Run(3);
        eight.Run(3);
        var rates = Enumerable.Range(0, 7).Select(_ => (One: one.Run(8), Eight: eight.Run(8))).ToArray();
        Console.WriteLine(
            $"  1 lane {rates.Select(static r => r.One).Median():F0}, 8 lanes {rates.Select(static r => r.Eight).Median():F0}");
        figures.Add("train.bf16.lanes8_vs_lanes1", rates.Select(static r => r.Eight / r.One).Median());
    }
}
