using ActorTrain.Models;
using ActorTrain.Models.Numerics;

namespace ActorTrain.Bench;

/// <summary>Training speed against PyTorch, as installed and tuned by hand: all sides take turns, medians of the rounds.</summary>
internal static class TrainingBench
{
    private const int Rounds = 7;
    private const int Batch = 8;

    public static void Run(Figures figures)
    {
        Console.WriteLine("\ntraining: 6 layers, width 384, 6 heads, context 256, batch 8, vocabulary 512, AdamW, clipping; tokens/s");
        using var bf16 = new Trainee(Trainee.BenchmarkModel, Precision.BFloat16, Batch, lanes: 1);
        using var fp32 = new Trainee(Trainee.BenchmarkModel, Precision.Float32, Batch, lanes: 1);
        using var stock = new TorchWorker(TorchWorker.DebianPython, "torch_baseline.py", "--mode", "stock");
        using var tunedBf16 = new TorchWorker(TorchWorker.DebianPython, "torch_baseline.py", "--mode", "tuned-bf16");
        using var tunedFp32 = new TorchWorker(TorchWorker.DebianPython, "torch_baseline.py", "--mode", "tuned-fp32");
        var sides = new (string Name, Func<double> Run)[]
        {
            ("actortrain bf16", () => bf16.Run(12)),
            ("torch stock fp32", () => stock.Run(2, "tokens_per_second")),
            ("torch tuned bf16", () => tunedBf16.Run(8, "tokens_per_second")),
            ("actortrain fp32", () => fp32.Run(8)),
            ("torch tuned fp32", () => tunedFp32.Run(5, "tokens_per_second")),
        };
        bf16.Run(5);
        fp32.Run(5);

        var rates = sides.Select(static _ => new List<double>()).ToArray();
        var (gemmBf16, gemmFp32) = (new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < sides.Length; i++)
                rates[i].Add(sides[i].Run());
            gemmBf16.Add(GemmRate.Measure(Precision.BFloat16));
            gemmFp32.Add(GemmRate.Measure(Precision.Float32));
            Console.WriteLine($"  round {round + 1}: " + string.Join(", ", sides.Select((side, i) => $"{side.Name} {rates[i][^1]:F0}")));
        }

        var medians = rates.Select(static side => side.Median()).ToArray();
        for (var i = 0; i < sides.Length; i++)
            Console.WriteLine($"  {sides[i].Name,-20}{medians[i],8:F0}   ({rates[i].Min():F0} … {rates[i].Max():F0})");
        Console.WriteLine($"  GEMM rate, GFLOP/s: bf16 {gemmBf16.Median() / 1e9:F0}, fp32 {gemmFp32.Median() / 1e9:F0}");

        // A ratio is taken within a round, where both sides meet the same load, and then the median of the rounds.
        double Ratio(int ours, int theirs) => rates[ours].Zip(rates[theirs], static (a, b) => a / b).Median();
        var flops = Trainee.BenchmarkModel.TrainingFlopsPerToken;
        figures.Add("train.bf16.vs_torch_stock", Ratio(0, 1));
        figures.Add("train.bf16.vs_torch_tuned", Ratio(0, 2));
        figures.Add("train.fp32.vs_torch_tuned", Ratio(3, 4));
        figures.Add("train.bf16.gemm_percent", 100 * medians[0] * flops / gemmBf16.Median());
        figures.Add("train.fp32.gemm_percent", 100 * medians[3] * flops / gemmFp32.Median());
    }
}
