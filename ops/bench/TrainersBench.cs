using ActorTrain.Models;

namespace ActorTrain.Bench;

/// <summary>What actors cost, and what a second trainer is worth: the bare loop, one trainer of all threads, and as many trainers of one
/// thread as there are processors, in turns.</summary>
internal static class TrainersBench
{
    // Turns are short and many: what else the machine does changes within seconds, and by more than what is to be seen.
    private const int Rounds = 20;
    private const int Steps = 3;

    public static void Run(Figures figures)
    {
        var processors = Environment.ProcessorCount;
        Console.WriteLine(
            $"\ntrainers: the benchmark model in bf16, batch 8 as 8 lanes; 1 trainer of {processors} threads, {processors} of 1; tokens/s");
        using var loop = new Trainee(Trainee.BenchmarkModel, Precision.BFloat16, batch: 8, lanes: 8);
        using var one = new TraineeActors(trainers: 1, threads: processors, reducers: processors);
        using var many = new TraineeActors(trainers: processors, threads: 1, reducers: processors);
        loop.Run(3);
        one.Run(3);
        many.Run(3);
        var rates = new List<(double Loop, double One, double Many)>();
        for (var round = 0; round < Rounds; round++)
        {
            // Whoever comes first in one turn comes last in the next.
            double bare = 0, both = 0;
            if (round % 2 == 0)
                bare = Bare();
            else
                both = many.Run(Steps);
            var single = one.Run(Steps);
            if (round % 2 == 0)
                both = many.Run(Steps);
            else
                bare = Bare();
            rates.Add((bare, single, both));
        }

        Say("bare loop", rates.Select(static rate => rate.Loop));
        Say("one trainer", rates.Select(static rate => rate.One));
        Say($"{processors} trainers", rates.Select(static rate => rate.Many));
        if (one.LastNorm != many.LastNorm)
            throw new InvalidOperationException(
                $"One trainer's gradient norm is {one.LastNorm:R}, that of {processors} is {many.LastNorm:R}.");
        figures.Add("training.actors_vs_loop", rates.Select(static rate => rate.One / rate.Loop).Median());
        figures.Add("training.two_trainers_vs_one", rates.Select(static rate => rate.Many / rate.One).Median());

        // As with the tree, the step before those that count is one of its own.
        double Bare()
        {
            loop.Run(1);
            return loop.Run(Steps);
        }
    }

    private static void Say(string who, IEnumerable<double> rates)
    {
        var sorted = rates.Order().ToList();
        Console.WriteLine(
            $"  {who}: {sorted.Median():F0} (half of the turns from {sorted[sorted.Count / 4]:F0} to {sorted[sorted.Count * 3 / 4]:F0})");
    }
}
