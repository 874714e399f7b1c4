using System.Globalization;
using ActorTrain.Models;

namespace ActorTrain.Bench.Peers;

/// <summary>TorchSharp on libtorch as a peer in training benchmarks: as installed from its packages, and as an expert configures
/// it.</summary>
internal static class TorchSharpPeer
{
    private const int Rounds = 3;

    /// <summary>Without any settings.</summary>
    public static PeerProcess AsShipped(PeerTraining training)
    {
        var peer = Start(training, new Dictionary<string, string>());
        peer.Run(1);
        return peer;
    }

    /// <summary>The faster of two allocators on this machine, with MKL's AVX-512 kernels on all processors.</summary>
    /// <param name="steps">Steps per turn to find the faster one.</param>
    /// <exception cref="InvalidOperationException">The losses differ from ours, so the sides are not comparable.</exception>
    public static PeerProcess Best(PeerTraining training, int steps)
    {
        // The first loss is that of the same weights on the same tokens; the third depends on gradients, clipping and optimizer as well.
        int[] counts = [1, 2];
        var losses = OurLosses(training, counts);
        List<PeerProcess> candidates = [];
        try
        {
            foreach (var allocator in PreloadedAllocator.All)
                candidates.Add(Start(training, allocator.Environment()));
            foreach (var (count, loss) in counts.Zip(losses))
                candidates.ForEach(candidate => CheckLoss(training, loss, PeerProcess.Number(candidate.Run(count), "loss")));
            return TakeFastest(candidates, training, steps);
        }
        finally
        {
            candidates.ForEach(static candidate => candidate.Dispose());
        }
    }

    /// <summary>As <see cref="Best"/>, for decoding.</summary>
    /// <param name="mode">A mode of <see cref="DecodingWorker"/>.</param>
    public static PeerProcess BestDecoder(PeerTraining shape, string mode)
    {
        var loss = DecodeTrainee.LossOf(shape);
        List<PeerProcess> candidates = [];
        try
        {
            foreach (var allocator in PreloadedAllocator.All)
                candidates.Add(PeerProcess.Worker(allocator.Environment(), ["torchsharp-decoder", mode, .. shape.Arguments]));
            candidates.ForEach(candidate => CheckLoss(shape, loss, PeerProcess.Number(candidate.Run(1), "loss")));
            return TakeFastest(candidates, shape, steps: 2);
        }
        finally
        {
            candidates.ForEach(static candidate => candidate.Dispose());
        }
    }

    private static PeerProcess TakeFastest(List<PeerProcess> candidates, PeerTraining shape, int steps)
    {
        var turns = new Turns("tokens/s", [.. candidates.Select(
            (candidate, i) => (PreloadedAllocator.All[i].Name, (Func<double>)(() => candidate.TokensPerSecond(steps))))]);
        turns.Take(Rounds);
        var best = Enumerable.Range(0, candidates.Count).MaxBy(turns.Median);
        Console.WriteLine($"  torchsharp {PeerTraining.NameOf(shape.Precision)}: {PreloadedAllocator.All[best].Name} is faster");
        var chosen = candidates[best];
        candidates.RemoveAt(best);
        return chosen;
    }

    private static PeerProcess Start(PeerTraining training, IReadOnlyDictionary<string, string> settings) =>
        PeerProcess.Worker(settings, ["torchsharp", .. training.Arguments]);

    // After so many steps each. In a process of its own, so that its memory is free again when the peers start.
    private static double[] OurLosses(PeerTraining training, int[] counts)
    {
        using var ours = PeerProcess.Worker(new Dictionary<string, string>(), ["actortrain", .. training.Arguments]);
        return [.. counts.Select(count => PeerProcess.Number(ours.Run(count), "loss"))];
    }

    private static void CheckLoss(PeerTraining training, double ours, double theirs)
    {
        var tolerance = (training.Precision == Precision.BFloat16 ? 1e-2 : 1e-4) * ours;
        var difference = string.Create(CultureInfo.InvariantCulture, $"loss {theirs:F5}, ours {ours:F5}");
        Console.WriteLine($"  torchsharp {PeerTraining.NameOf(training.Precision)}: {difference}");
        if (!(Math.Abs(theirs - ours) <= tolerance))
            throw new InvalidOperationException($"TorchSharp does not compute what we compute: {difference}.");
    }
}
