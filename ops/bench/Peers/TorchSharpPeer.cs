using System.Globalization;
using ActorTrain.Models;

namespace ActorTrain.Bench.Peers;

/// <summary>TorchSharp on libtorch as a peer in training benchmarks: as installed from its packages, and as an expert configures
/// it.</summary>
internal static class TorchSharpPeer
{
    private const int Rounds = 3;

    /// <summary>Without any settings.</summary>
    public static PeerProcess AsShipped(Trainee ours)
    {
        var peer = Start(ours, new Dictionary<string, string>());
        peer.Run(1);
        return peer;
    }

    /// <summary>The faster of two allocators on this machine, with MKL's AVX-512 kernels on all processors.</summary>
    /// <param name="ours">Our training of the same, at its first step; all sides must compute the same losses.</param>
    /// <param name="steps">Steps per turn to find the faster one.</param>
    /// <exception cref="InvalidOperationException">The losses differ, so the sides are not comparable.</exception>
    public static PeerProcess Best(Trainee ours, int steps)
    {
        List<PeerProcess> candidates = [];
        try
        {
            foreach (var allocator in PreloadedAllocator.All)
                candidates.Add(Start(ours, allocator.Environment()));

            // The first loss is that of the same weights on the same tokens; the third depends on gradients, clipping and optimizer as
            // well.
            foreach (var count in new[] { 1, 2 })
            {
                ours.Run(count);
                candidates.ForEach(candidate => CheckLoss(ours, PeerProcess.Number(candidate.Run(count), "loss")));
            }

            var turns = new Turns("tokens/s", [.. candidates.Select(
                (candidate, i) => (PreloadedAllocator.All[i].Name, (Func<double>)(() => candidate.TokensPerSecond(steps))))]);
            turns.Take(Rounds);
            var best = Enumerable.Range(0, candidates.Count).MaxBy(turns.Median);
            Console.WriteLine(
                $"  torchsharp {PeerTraining.NameOf(ours.Training.Precision)}: {PreloadedAllocator.All[best].Name} is faster");
            var chosen = candidates[best];
            candidates.RemoveAt(best);
            return chosen;
        }
        finally
        {
            candidates.ForEach(static candidate => candidate.Dispose());
        }
    }

    private static PeerProcess Start(Trainee ours, IReadOnlyDictionary<string, string> settings) =>
        PeerProcess.Worker(settings, ["torchsharp", .. ours.Training.Arguments]);

    private static void CheckLoss(Trainee ours, double theirs)
    {
        var tolerance = (ours.Training.Precision == Precision.BFloat16 ? 1e-2 : 1e-4) * ours.Loss;
        var difference = string.Create(CultureInfo.InvariantCulture, $"loss {theirs:F5}, ours {ours.Loss:F5}");
        Console.WriteLine($"  torchsharp {PeerTraining.NameOf(ours.Training.Precision)}: {difference}");
        if (!(Math.Abs(theirs - ours.Loss) <= tolerance))
            throw new InvalidOperationException($"TorchSharp does not train what we train: {difference}.");
    }
}
