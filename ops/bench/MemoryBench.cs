using ActorTrain.Models;

namespace ActorTrain.Bench;

/// <summary>Growth of resident memory over many training steps: of the bare loop on the fused kernels and in the reference form, and of a
/// whole run with its actors, journal and metrics.</summary>
internal static class MemoryBench
{
    private const int WarmUp = 1_000;

    // The runtime compiles the code of actors again as it is used: 10 MB until here.
    private const int RunWarmUp = 4_000;

    private static readonly ModelOptions Model = ModelOptions.FromDepth(2) with { ContextLength = 64, VocabularySize = 256 };

    public static void Run(Figures figures)
    {
        Console.WriteLine($"\nmemory: resident memory after a warm-up and after many more steps");
        using (var trainee = Bare(Precision.BFloat16, fused: true))
            figures.Add("memory.growth_percent", Growth("fused bf16", 10_000, steps => trainee.Run(steps)));
        using (var trainee = Bare(Precision.Float32, fused: false))
            figures.Add("memory.reference.growth_percent", Growth("reference fp32", 1_000, steps => trainee.Run(steps)));

        // As far as the schedule of all benchmarks goes.
        using (var trainee = new TraineeActors(trainers: 2, threads: 1, reducers: 2, checkpointEvery: 500, model: Model, lanes: 2))
            figures.Add("memory.run.growth_percent", Growth("whole run", 5_700, steps => trainee.Run(steps), RunWarmUp));
    }

    private static Trainee Bare(Precision precision, bool fused) => new(Model, precision, batch: 4, lanes: 2, fused);

    private static double Growth(string name, int steps, Action<int> train, int warmUp = WarmUp)
    {
        train(warmUp);
        var before = Resident();
        train(steps / 2);
        var halfway = Resident();
        train(steps - steps / 2);
        var after = Resident();
        Console.WriteLine($"  {name,-16}{steps,7} steps: {before:F1} MB → {after:F1} MB, {halfway:F1} halfway");
        return 100 * (after - before) / before;
    }

    private static double Resident()
    {
        // Garbage that is not collected yet is no growth; what has a finalizer is garbage once that has run. The collector takes memory by
        // regions of 4 MB.
        for (var i = 0; i < 2; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return ResidentMemory.Megabytes("VmRSS");
    }
}
