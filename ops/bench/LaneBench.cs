using ActorTrain.Models;

namespace ActorTrain.Bench;

/// <summary>The cost of lanes: a batch as one lane and as many, in alternation.</summary>
internal static class LaneBench
{
    private const int Rounds = 7;

    public static void Run(Figures figures)
    {
        Console.WriteLine("\nlanes: the benchmark model in bf16, one sequence per lane against one lane of all; tokens/s");
        figures.Add("train.bf16.lanes8_vs_lanes1", Ratio(lanes: 8, steps: 8));
        figures.Add("lanes64.vs_one", Ratio(lanes: 64, steps: 1));
    }

    private static double Ratio(int lanes, int steps)
    {
        using var one = new Trainee(Trainee.BenchmarkModel, Precision.BFloat16, batch: lanes, lanes: 1);
        using var many = new Trainee(Trainee.BenchmarkModel, Precision.BFloat16, batch: lanes, lanes: lanes);
        one.Run(1);
        many.Run(1);
        var turns = new Turns("tokens/s", ($"{lanes} lanes", () => many.Run(steps)), ("1 lane", () => one.Run(steps)));
        turns.Take(Rounds);
        turns.Print();
        return turns.Ratio(0, 1);
    }
}
