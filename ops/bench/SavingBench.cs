namespace ActorTrain.Bench;

/// <summary>What saving a checkpoint every 20 steps costs the whole supervision tree: how long training stands still, and how much slower
/// it is in all.</summary>
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

        // Saving and not saving take turns; the stall is the time by which the step after a save is longer, the rest of the cost is the
        // difference.
        var costs = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            var usual = without.Run(2 * Every);
            costs.Add(100 * (1 - (with.Run(2 * Every) / usual)));
        }

        if (with.LastNorm != without.LastNorm)
            throw new InvalidOperationException($"With saving the gradient norm is {with.LastNorm:R}, without it {without.LastNorm:R}.");

        // The few that waited for their turn are no median.
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
