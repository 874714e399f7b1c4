using System.Globalization;
using ActorTrain.Models;

namespace ActorTrain.Bench;

/// <summary>The cost of actors, and the gain from a second trainer: the bare loop, one trainer with all threads, and one single-threaded
/// trainer per processor, in alternation.</summary>
internal static class TrainersBench
{
    // Many short turns: the machine's other load changes within seconds, by more than the effect.
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
            // The order is reversed in every other round.
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
        MeasureMemory(figures);

        // As with the tree, one step precedes the measured ones.
        double Bare()
        {
            loop.Run(1);
            return loop.Run(Steps);
        }
    }

    // What 64 trainers need beyond one, each: its weights, moments and copies for the kernels, activations of its lane, and gradients.
    private static void MeasureMemory(Figures figures)
    {
        const int Trainers = 64;
        var model = ModelOptions.FromDepth(4) with { ContextLength = 64, VocabularySize = 512 };
        var (one, many) = (Resident(1), Resident(Trainers));
        var each = (many - one) / (Trainers - 1);
        var memory = new ModelMemory(model, Precision.BFloat16);
        var own = (memory.Vector + memory.Training(sequences: 1)) / 1e6;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {Trainers} trainers of {memory.Vector / 4e6:F1}M parameters: {many:F0} MB, one {one:F0} MB; weights and "
            + $"activations {own:F1} MB"));
        figures.Add("trainers64.megabytes_each", each);
        figures.Add("trainers64.vs_weights_and_activations", each / own);

        double Resident(int trainers)
        {
            using var trainee = new TraineeActors(trainers, threads: 1, reducers: 2, model: model, lanes: Trainers);
            trainee.Run(3);
            GC.Collect();
            return ResidentMemory.Megabytes("VmRSS");
        }
    }

    private static void Say(string who, IEnumerable<double> rates)
    {
        var sorted = rates.Order().ToList();
        Console.WriteLine(
            $"  {who}: {sorted.Median():F0} (half of the turns from {sorted[sorted.Count / 4]:F0} to {sorted[sorted.Count * 3 / 4]:F0})");
    }
}
