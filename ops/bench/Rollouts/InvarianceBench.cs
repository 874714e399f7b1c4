using System.Globalization;
using System.Runtime.InteropServices;
using ActorTrain.Bench.Peers;
using ActorTrain.Models;
using ActorTrain.Models.Runtime;

namespace ActorTrain.Bench.Rollouts;

/// <summary>What it costs that the bits of a text do not depend on the texts beside it: decoding by our kernels, which sum in one fixed
/// order, against the same kernels in an order that suits the number of rows, in alternation.</summary>
/// <remarks>The freer kernels are the same sources built with AK_FREE_ORDER (models/native/simd/tile.h): where a tile has few rows, sums of
/// products and of attention are split into up to four chains, which hides the latency of additions. Nothing else is lost: how rows,
/// columns and heads are shared out among threads changes no bit, so kernels choose it by the number of rows already; and as there are more
/// columns and heads than threads, splitting a sum among threads gives none of them more to do.</remarks>
internal static class InvarianceBench
{
    private const int Rounds = 15;

    // Of the library in NativeKernels.
    private const string Kernels = "actortrain_kernels";

    // Texts, and repetitions of a turn.
    private static readonly (int Texts, int Repetitions)[] Sizes = [(1, 32), (8, 8), (32, 4)];

    public static void Run(Figures figures)
    {
        var freer = Path.Combine(PeerProcess.Repository(), "artifacts", "build", "kernels", "libactortrain_kernels_free.so");
        if (!File.Exists(freer))
            throw new UserErrorException(
                $"{freer} is missing; build it with: cmake --build artifacts/build/kernels --target {Kernels}_free");
        Console.WriteLine("\nrlhf_invariance: decoding in bf16 by kernels of fixed order and of free order; tokens/s");
        var costs = new List<double>();
        foreach (var (texts, repetitions) in Sizes)
        {
            var shape = new PeerTraining(Trainee.BenchmarkModel, Precision.BFloat16, texts);
            using var set = Start(shape, kernels: "");
            using var free = Start(shape, freer);
            var turns = new Turns(
                "tokens/s",
                ($"fixed order, {texts} texts", () => set.TokensPerSecond(repetitions)),
                ($"free order, {texts} texts", () => free.TokensPerSecond(repetitions)));
            turns.Take(Rounds);
            turns.Print();
            costs.Add(100 * (turns.Ratio(1, 0) - 1));
            figures.Add($"rlhf.batch_invariance_cost_percent.{texts}", costs[^1]);
        }

        figures.Add("rlhf.batch_invariance_cost_percent", costs.Max());
    }

    /// <summary>Our decoding as a worker process.</summary>
    /// <param name="kernels">Path of the native library; empty: the product's.</param>
    /// <returns>The exit code.</returns>
    public static int Worker(string kernels, IReadOnlyList<string> arguments)
    {
        if (kernels.Length > 0)
            NativeLibrary.SetDllImportResolver(typeof(FusedKernels).Assembly, (name, _, _) => Find(name, kernels));
        NativeRuntime.Ensure();
        ComputeThreads.Set(Environment.ProcessorCount);
        var shape = PeerTraining.Parse(arguments);
        using var trainee = new DecodeTrainee(shape);
        return TrainingWorker.Serve(shape.Batch * Decoding.Text, () =>
        {
            trainee.Decode(1);
            return trainee.Loss;
        });
    }

    private static nint Find(string name, string kernels) => name == Kernels ? NativeLibrary.Load(kernels) : 0;

    // What both compute is the same but for rounding.
    private static PeerProcess Start(PeerTraining shape, string kernels)
    {
        var side = PeerProcess.Worker(new Dictionary<string, string>(), ["actortrain-decoder", kernels, .. shape.Arguments]);
        Console.WriteLine($"  {(kernels.Length > 0 ? "free" : "fixed")} order: loss of the first token "
            + PeerProcess.Number(side.Run(1), "loss").ToString("F6", CultureInfo.InvariantCulture));
        return side;
    }
}
