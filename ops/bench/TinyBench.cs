using ActorTrain.Models;
using ActorTrain.Models.Runtime;

namespace ActorTrain.Bench;

/// <summary>A model so small that threads may cost more than they give: the default, one trainer on all cores, against what else the cores
/// could be used for.</summary>
internal static class TinyBench
{
    private const int Lanes = 64;
    private const int Steps = 20;
    private const int Rounds = 7;

    public static void Run(Figures figures)
    {
        Console.WriteLine("\ntiny: 2 layers, width 128, context 64, 64 lanes of one sequence, vocabulary 2048, bf16; tokens/s");
        var model = ModelOptions.FromDepth(2) with { ContextLength = 64, VocabularySize = 2048 };
        var threads = 1 << int.Log2(Environment.ProcessorCount);  // shares of the lanes are nodes of their tree
        using var whole = new Trainee(model, Precision.BFloat16, batch: Lanes, lanes: Lanes);
        var share = Lanes / threads;
        var parts = Enumerable.Range(0, threads).Select(_ => new Trainee(model, Precision.BFloat16, share, share)).ToArray();
        var turns = new Turns(
            "tokens/s",
            ($"one trainer of {threads} threads", () => OnThreads(threads, whole)),
            ("one trainer of one thread", () => OnThreads(1, whole)),
            ($"{threads} trainers of one thread", () => OnThreads(1, parts)));
        turns.Take(Rounds);
        turns.Print();
        foreach (var part in parts)
            part.Dispose();
        figures.Add("tiny.default_vs_best", Math.Min(1, Math.Min(turns.Ratio(0, 1), turns.Ratio(0, 2))));
    }

    // All at the same time, each on a thread of its own with so many for its kernels: their tokens per second together.
    private static double OnThreads(int threads, params Trainee[] trainees)
    {
        var rates = new double[trainees.Length];
        var running = trainees.Select((trainee, i) => new Thread(() =>
        {
            ComputeThreads.Set(threads);
            rates[i] = trainee.Run(Steps);
        })).ToList();
        running.ForEach(static thread => thread.Start());
        return running.All(static thread => thread.Join(TimeSpan.FromMinutes(5))) ? rates.Sum()
            : throw new InvalidOperationException("The tiny model did not take its steps within five minutes.");
    }
}
