using ActorTrain.Models;

namespace ActorTrain.Bench;

/// <summary>What actors cost, and what a second trainer is worth: the bare loop, one trainer of all threads, and as many trainers of one thread
/// as there are processors, in turns.</summary>
internal static class TrainersBench
{
    private const int Rounds = 7;
    private const int Steps = 10;

    public static void Run(Figures figures)
    {
        var processors = Environment.ProcessorCount;
        Console.WriteLine($"\ntrainers: the benchmark model in bf16, batch 8 as 8 lanes; 1 trainer of {processors} threads, {processors} of 1; tokens/s");
        using var loop = new Trainee(Trainee.BenchmarkModel, Precision.BFloat16, batch: 8, lanes: 8);
        using var one = new TraineeActors(trainers: 1, threads: processors, reducers: processors);
        using var many = new TraineeActors(trainers: processors, threads: 1, reducers: processors);
        loop.Run(3);
        one.Run(3);
        many.Run(3);
        var rates = new List<(double Loop, double One, double Many)>();
        for (var round = 1; round <= Rounds; round++)
        {
            rates.Add((loop.Run(Steps), one.Run(Steps), many.Run(Steps)));
            Console.WriteLine($"  round {round}: bare loop {rates[^1].Loop:F0}, one trainer {rates[^1].One:F0}, {processors} trainers {rates[^1].Many:F0}");
        }

        if (one.LastNorm != many.LastNorm)
            throw new InvalidOperationException($"One trainer's gradient norm is {one.LastNorm:R}, that of {processors} is {many.LastNorm:R}.");
        figures.Add("training.actors_vs_loop", rates.Select(static rate => rate.One / rate.Loop).Median());
        figures.Add("training.two_trainers_vs_one", rates.Select(static rate => rate.Many / rate.One).Median());
    }
}
