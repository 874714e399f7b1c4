using ActorTrain.Actors.Protocol;
using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Chaos.Tests.World;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Metrics;

namespace ActorTrain.Chaos.Tests;

/// <summary>Runs that are made longer, on real tensors: they end with the bits of a bare loop whose schedule was extended at the same
/// step.</summary>
public sealed class ExtensionTests : IDisposable
{
    private const long Longer = 24;
    private readonly string folder = Directory.CreateTempSubdirectory("actortrain-extension-").FullName;

    private ChaosPlace Place => new(folder);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void A_finished_run_that_is_extended_twice_ends_with_the_bits_of_the_bare_loop(int trainers)
    {
        var schedule = Calm with { Trainers = trainers, Training = ChaosText.BFloat16 };
        var end = schedule.Training.Steps;
        new RunPart(schedule, 0, Place).Live().Ending.ShouldBe(RunEnding.Finished);
        new RunPart(schedule with { Extension = (21, "ann") }, 1, Place).Live().Ending.ShouldBe(RunEnding.Finished);
        new RunPart(schedule with { Extension = (Longer, "ann") }, 2, Place).Live().Ending.ShouldBe(RunEnding.Finished);
        Check(schedule, ChaosText.BFloat16.Extended(end, 21).Extended(21, Longer));
    }

    /// <summary>Its updates are previewed too, at the rate at which they are applied.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_run_that_is_extended_on_its_way_and_cut_short_ends_with_the_bits_of_the_bare_loop(int trainers)
    {
        var schedule = Calm with { Trainers = trainers, PreviewsUpdates = true, Cuts = [(Cut.Stop, 9)] };
        var asked = false;
        var life = new RunPart(schedule, 0, Place)
        {
            OnStep = (self, step) =>
            {
                if (step >= 5 && !asked)
                    self.Tell(new OperatorRequest(1, "ann", new ExtendRun(Longer)));
                asked |= step >= 5;
            },
        };
        life.Live().Ending.ShouldBe(RunEnding.Stopped);
        new RunPart(schedule, 1, Place).Live().Ending.ShouldBe(RunEnding.Finished);
        var extension = Place.ReadJournal().OfType<RunExtended>().ShouldHaveSingleItem().Intervention;
        extension.From.ShouldBeInRange(5, 9);
        var training = ChaosText.Float32.Extended(extension.From, Longer);
        Check(schedule, training);

        var ways = new List<double>();
        training.BareLoop(SkipList.Empty, (_, _, _, way) => ways.Add(way));
        var rows = MetricsLog.Read(Place.MetricsFile).OfType<StepMetrics>().ToList();
        foreach (var (row, way) in rows.Zip(ways))
            row.UpdateNorm!.Value.ShouldBe(way, 1e-3 * way, $"step {row.Step}");
    }

    private static RandomSchedule Calm => new() { Seed = 0, Training = ChaosText.Float32, EvaluateEvery = 7, AuditEvery = 3 };

    private void Check(RandomSchedule schedule, ChaosText training)
    {
        ChaosVerdict.Check(Place, schedule with { Training = training }, record: null);
        MetricsLog.Read(Place.MetricsFile).OfType<StepMetrics>().Select(static row => row.LearningRate)
            .ShouldBe(Enumerable.Range(0, training.Steps).Select(step => training.Replica.Schedule.At(step)));
    }
}
