using ActorTrain.Bench.Peers;
using ActorTrain.Models;

namespace ActorTrain.Bench;

/// <summary>Our training on glibc's allocator as configured by the product, and on preloaded ones, in alternation.</summary>
internal static class AllocatorBench
{
    private const int Rounds = 7;
    private const int Steps = 6;

    public static void Run(Figures figures)
    {
        Console.WriteLine("\nallocators: our training of the small model, each side a process of its own; tokens/s");
        foreach (var precision in new[] { Precision.BFloat16, Precision.Float32 })
        {
            var training = new PeerTraining(Trainee.BenchmarkModel, precision, Batch: 8);
            List<(string Name, PeerProcess Process)> sides = [];
            try
            {
                sides.Add(("glibc", Start(training, new Dictionary<string, string>())));
                foreach (var allocator in PreloadedAllocator.All)
                    sides.Add((allocator.Name, Start(training, allocator.Environment())));
                var turns = new Turns("tokens/s",
                    [.. sides.Select(static side => (side.Name, (Func<double>)(() => side.Process.TokensPerSecond(Steps))))]);
                turns.Take(Rounds);
                turns.Print();
                for (var i = 1; i < sides.Count; i++)
                    figures.Add($"allocator.{PeerTraining.NameOf(precision)}.{sides[i].Name}_vs_glibc", turns.Ratio(i, 0));
            }
            finally
            {
                sides.ForEach(static side => side.Process.Dispose());
            }
        }
    }

    private static PeerProcess Start(PeerTraining training, IReadOnlyDictionary<string, string> settings)
    {
        var side = PeerProcess.Worker(settings, ["actortrain", .. training.Arguments]);
        side.Run(2);
        return side;
    }
}
