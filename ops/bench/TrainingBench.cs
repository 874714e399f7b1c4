using ActorTrain.Bench.Peers;
using ActorTrain.Models;
using ActorTrain.Models.Layers;

namespace ActorTrain.Bench;

/// <summary>Training speed of a small model against TorchSharp and PyTorch, as installed and in their best form, in alternation.</summary>
internal static class TrainingBench
{
    private const int Rounds = 7;
    private const int Batch = 8;

    public static void Run(Figures figures)
    {
        Console.WriteLine("\ntraining: 6 layers, width 384, 6 heads, context 256, batch 8, vocabulary 512, AdamW, clipping; tokens/s");
        var (half, single) = (SidePrecisions.Of(Precision.BFloat16), SidePrecisions.Of(Precision.Float32));
        using var bf16 = new Trainee(Trainee.BenchmarkModel, half.Ours, Batch, lanes: 1);
        using var fp32 = new Trainee(Trainee.BenchmarkModel, single.Ours, Batch, lanes: 1);
        using var sharpBf16 = TorchSharpPeer.Best(bf16.Training with { Precision = half.TorchSharps }, steps: 4);
        using var sharpFp32 = TorchSharpPeer.Best(fp32.Training, steps: 4);
        using var shippedBf16 = TorchSharpPeer.AsShipped(bf16.Training with { Precision = half.TorchSharps });
        using var shippedFp32 = TorchSharpPeer.AsShipped(fp32.Training);
        using var stock = PeerProcess.Script(PeerProcess.DebianPython, "torch_baseline.py", "--mode", "stock");
        using var tunedBf16 = Tuned(half);
        using var tunedFp32 = Tuned(single);
        var turns = new Turns(
            "tokens/s",
            ($"actortrain {Name(half.Ours)}", () => bf16.Run(8)),
            ($"torchsharp {Name(half.TorchSharps)}", () => sharpBf16.TokensPerSecond(8)),
            ($"torchsharp as shipped {Name(half.TorchSharps)}", () => shippedBf16.TokensPerSecond(3)),
            ($"torch 1.13 tuned {Name(half.TorchSharps)}", () => tunedBf16.TokensPerSecond(6)),
            ("torch 1.13 stock", () => stock.TokensPerSecond(2)),
            ("actortrain fp32", () => fp32.Run(8)),
            ("torchsharp fp32", () => sharpFp32.TokensPerSecond(8)),
            ("torchsharp as shipped fp32", () => shippedFp32.TokensPerSecond(3)),
            ("torch 1.13 tuned fp32", () => tunedFp32.TokensPerSecond(4)));
        var (gemmBf16, gemmFp32) = (new List<double>(), new List<double>());
        turns.Take(Rounds, () =>
        {
            gemmBf16.Add(GemmRate.Measure(half.Ours));
            gemmFp32.Add(GemmRate.Measure(Precision.Float32));
        });
        turns.Print();
        Console.WriteLine($"  GEMM rate, GFLOP/s: bf16 {gemmBf16.Median() / 1e9:F0}, fp32 {gemmFp32.Median() / 1e9:F0}");

        var flops = Trainee.BenchmarkModel.TrainingFlopsPerToken;
        figures.Add("train.bf16.vs_torchsharp", turns.Ratio(0, 1));
        figures.Add("train.fp32.vs_torchsharp", turns.Ratio(5, 6));
        figures.Add("train.bf16.vs_torch_stock", turns.Ratio(0, 4));
        figures.Add("train.bf16.vs_torch_tuned", turns.Ratio(0, 3));
        figures.Add("train.fp32.vs_torch_tuned", turns.Ratio(5, 8));
        figures.Add("train.bf16.gemm_percent", 100 * turns.Median(0) * flops / gemmBf16.Median());
        figures.Add("train.fp32.gemm_percent", 100 * turns.Median(5) * flops / gemmFp32.Median());
    }

    private static PeerProcess Tuned(SidePrecisions sides) =>
        PeerProcess.Script(PeerProcess.DebianPython, "torch_baseline.py", "--mode", $"tuned-{Name(sides.TorchSharps)}");

    private static string Name(Precision precision) => PeerTraining.NameOf(precision);
}
