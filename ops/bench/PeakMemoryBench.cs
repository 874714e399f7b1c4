using System.Globalization;
using ActorTrain.Bench.Peers;
using ActorTrain.Models;
using ActorTrain.Models.Runtime;

namespace ActorTrain.Bench;

/// <summary>Peak resident memory of processes that train models of real sizes.</summary>
internal static class PeakMemoryBench
{
    private const int Steps = 3;
    private static readonly Dictionary<string, string> Own = [];

    public static void Run(Figures figures)
    {
        Console.WriteLine($"\ngpt2_memory: peak resident memory of a process after {Steps} steps; MB");
        foreach (var precision in new[] { Precision.BFloat16, Precision.Float32 })
        {
            var type = PeerTraining.NameOf(precision);
            var sides = SidePrecisions.Of(precision);
            var training = new PeerTraining(LargeModelBench.Gpt2 with { ContextLength = 256 }, sides.TorchSharps, Batch: 4);
            var (our, their) = (PeerTraining.NameOf(sides.Ours), PeerTraining.NameOf(sides.TorchSharps));
            var ours = Peak($"actortrain {our}", Own, "actortrain", training with { Precision = sides.Ours });

            // The thriftier of the environments that are candidates for the fastest.
            var theirs = PreloadedAllocator.All.Min(
                allocator => Peak($"torchsharp {their}, {allocator.Name}", allocator.Environment(), "torchsharp", training));
            figures.Add($"gpt2.{type}.memory.vs_torchsharp", ours / theirs);
        }

        var medium = new PeerTraining(LargeModelBench.Gpt2Medium, Precision.BFloat16, Batch: 1);
        foreach (var recompute in Enum.GetValues<Recompute>())
        {
            var megabytes = Peak(
                $"355M, context 1024, recompute {recompute}".ToLowerInvariant(), Own, "actortrain", medium with { Recompute = recompute });
            figures.Add($"gpt2_medium.{recompute}.megabytes".ToLowerInvariant(), megabytes);
        }
    }

    private static double Peak(string name, IReadOnlyDictionary<string, string> settings, string worker, PeerTraining training)
    {
        using var peer = PeerProcess.Worker(settings, [worker, .. training.Arguments]);
        var rate = peer.TokensPerSecond(Steps);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name,-42}{peer.PeakMegabytes,8:F0}   ({rate:F0} tokens/s)"));
        return peer.PeakMegabytes;
    }
}
