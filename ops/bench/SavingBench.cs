namespace ActorTrain.Bench;

/// <summary>The cost of a checkpoint every 20 steps in the whole supervision tree: how long training stands still, and the total
/// slowdown.</summary>
internal static class SavingBench
{
    private const int Every = 20;
    private const int Rounds = 4;

    public static void Run(Figures figures)
    {
        Console.WriteLine($"\nsaving: the benchmark model under the actors, a checkpoint every {Every} steps");
        var processors = Environment.ProcessorCount;
        using var without = new TraineeActors(trainers: 1, threads: processors, reducers: processors);
        using var with = new TraineeActors(trainers: 1, threads: processors, reducers: processors, checkpointEvery: Every);
        without.Run(5);
        with.Run(5);

        // Alternates saving and not saving; the stall is the extra time of the step after a save, the rest of the cost is the difference.
        var costs = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            var usual = without.Run(2 * Every);
            costs.Add(100 * (1 - (with.Run(2 * Every) / usual)));
        }

        if (with.LastNorm != without.LastNorm)
            throw new InvalidOperationException($"With saving the gradient norm is {with.LastNorm:R}, without it {without.LastNorm:R}.");

        // The median ignores the few that had to wait.
        var step = with.Steps.Where(static step => step.Step % Every != 1).Select(static step => step.Elapsed.TotalSeconds).Median();
        var stall = with.Steps.Where(static step => step.Step % Every == 1 && step.Step > 1)
            .Select(static step => step.Elapsed.TotalSeconds).Median() - step;
        var write = with.Saves.Select(static save => save.TotalSeconds).Median();
        Console.WriteLine(
            $"  stall {1000 * stall:F1} ms a save, on disk {1000 * write:F0} ms after the step; training {costs.Median():F1}% slower in "
                + $"all while saving");
        figures.Add("save.stall_percent", 100 * stall / (Every * step));
        figures.Add("save.cost_percent", costs.Median());
    }
}
