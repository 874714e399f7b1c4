using ActorTrain.Bench.Peers;
using ActorTrain.Models;
using ActorTrain.Models.Runtime;

namespace ActorTrain.Bench;

/// <summary>The cost of <c>training.numerics: portable</c>, whose AVX2 kernels are those of processors without AVX-512, and these beside
/// TorchSharp held to AVX2; in alternation.</summary>
internal static class NumericsBench
{
    private const int Rounds = 7;
    private const int Steps = 3;

    private static readonly Dictionary<string, string> Avx2 = new()
    {
        ["ATEN_CPU_CAPABILITY"] = "avx2",
        ["ONEDNN_MAX_CPU_ISA"] = "AVX2",
        ["MKL_ENABLE_INSTRUCTIONS"] = "AVX2",
    };

    public static void Run(Figures figures)
    {
        Console.WriteLine("\nnumerics: the benchmark model, batch 8, fast and portable; tokens/s");
        foreach (var precision in new[] { Precision.BFloat16, Precision.Float32 })
        {
            var type = PeerTraining.NameOf(precision);
            var training = new PeerTraining(Trainee.BenchmarkModel, precision, Batch: 8);
            using var fast = Start([], "actortrain", training);
            using var portable = Start([], "actortrain", training with { Numerics = NumericsMode.Portable });

            // In bfloat16, libtorch has no product for AVX2 and is far slower than in float32.
            using var theirs = precision == Precision.Float32
                ? Start(PreloadedAllocator.All[0].Environment().Concat(Avx2), "torchsharp", training) : null;
            List<(string, Func<double>)> sides =
                [($"fast {type}", () => fast.TokensPerSecond(Steps)), ($"portable {type}", () => portable.TokensPerSecond(Steps))];
            if (theirs is not null)
                sides.Add(($"torchsharp on AVX2 {type}", () => theirs.TokensPerSecond(Steps)));
            var turns = new Turns("tokens/s", [.. sides]);
            turns.Take(Rounds);
            turns.Print();
            figures.Add($"portable.{type}.vs_fast", turns.Ratio(1, 0));
            if (theirs is not null)
                figures.Add($"avx2.{type}.vs_torchsharp", turns.Ratio(1, 2));
        }
    }

    private static PeerProcess Start(IEnumerable<KeyValuePair<string, string>> settings, string worker, PeerTraining training)
    {
        var side = PeerProcess.Worker(settings.ToDictionary(), [worker, .. training.Arguments]);
        side.Run(2);
        return side;
    }
}
