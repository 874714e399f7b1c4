using System.Diagnostics;
using ActorTrain.Models;
using ActorTrain.Models.Numerics;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Bench;

/// <summary>What saving a checkpoint every 20 steps costs: how long training stands still, and how much slower it is in all.</summary>
internal static class SavingBench
{
    private const int Every = 20;

    public static void Run(Figures figures)
    {
        Console.WriteLine($"\nsaving: the benchmark model in bf16, a checkpoint every {Every} steps");
        var folder = Directory.CreateTempSubdirectory("actortrain-bench-").FullName;
        try
        {
            using var trainee = new Trainee(Trainee.BenchmarkModel, Precision.BFloat16, batch: 8, lanes: 1);
            var store = new CheckpointStore(Path.Combine(folder, "checkpoints"), new CheckpointStoreOptions { KeepLast = 2 }, TimeProvider.System);
            var writes = new List<double>();
            using var writer = new CheckpointWriter(
                store, trainee.Replica.Parameters.Layout, outcome => writes.Add(outcome is Saved saved ? saved.Elapsed.TotalSeconds : throw Failed(outcome)), TimeProvider.System);
            trainee.Run(5);

            // Saving and not saving take turns; the stall is measured inside, the rest of the cost is the difference.
            double stalled = 0, training = 0;
            var costs = new List<double>();
            for (var round = 0; round < 4; round++)
            {
                var without = trainee.Run(2 * Every);
                var started = Stopwatch.GetTimestamp();
                var saving = trainee.Run(2 * Every, step => stalled += step % Every == 0 ? Save(trainee, writer, step) : 0);
                training += Stopwatch.GetElapsedTime(started).TotalSeconds;
                writer.Drain();
                costs.Add(100 * (1 - saving / without));
            }

            Console.WriteLine(
                $"  stall {1000 * stalled / 8:F1} ms a save, written in {1000 * writes.Median():F0} ms in the background; "
                + $"training {costs.Median():F1}% slower in all while saving");
            figures.Add("save.stall_percent", 100 * stalled / training);
            figures.Add("save.cost_percent", costs.Median());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static double Save(Trainee trainee, CheckpointWriter writer, long step)
    {
        var started = Stopwatch.GetTimestamp();
        var snapshot = writer.Rent();
        trainee.Replica.CopyTo(snapshot.Weights, snapshot.FirstMoment, snapshot.SecondMoment);
        writer.Submit(
            new CheckpointFacts
            {
                Step = step,
                ConfigurationHash = "benchmark",
                Model = Trainee.BenchmarkModel,
                Cursor = new PlanCursor(step, step, step * trainee.TokensPerStep),
                Fingerprint = new NumericFingerprint("", "", "", "", "", Environment.ProcessorCount, "cpu"),
            },
            snapshot);
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static InvalidOperationException Failed(SaveOutcome outcome) => new($"The save did not succeed: {outcome}");
}
