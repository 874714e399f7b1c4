using ActorTrain.Data.Plan;
using ActorTrain.Host.Pretraining;
using ActorTrain.Models;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Host.Tests;

public sealed class VetoLadderTests
{
    private readonly BatchPlan plan = new(seed: 5, samples: 50, batchSize: 4, lanes: 2);
    private readonly List<string> warnings = [];

    [Theory]
    [InlineData(double.NaN, 1, "the loss of step 3 is NaN")]
    [InlineData(double.PositiveInfinity, 1, "the loss of step 3 is Infinity")]
    [InlineData(2, double.PositiveInfinity, "the gradient norm of step 3 is Infinity")]
    [InlineData(2, double.NaN, "the gradient norm of step 3 is NaN")]
    public void A_batch_without_a_usable_gradient_is_skipped_with_the_reason_and_the_step_planned_without_it(double loss, double norm, string reason)
    {
        var ladder = new VetoLadder(plan, SkipList.Empty);
        var tried = new List<long[]>();
        var measure = ladder.Take(3, skips => Measure(tried, skips, tried.Count < 2 ? new(3, loss, norm) : new(3, 2, 1)), warnings.Add);

        measure.ShouldBe(new StepMeasure(3, 2, 1));
        tried.ShouldBe([[12, 13, 14, 15], [16, 17, 18, 19], [20, 21, 22, 23]]);
        ladder.Skips.Ranges.ShouldBe(Enumerable.Range(12, 8).Select(position => new SkippedRange(position, 1, reason)));
        warnings.ShouldBe([$"{reason}; its batch is skipped.", $"{reason}; its batch is skipped."]);
        plan.Samples(4, ladder.Skips).Select(static sample => sample.Position).ShouldBe([24, 25, 26, 27]);
    }

    [Fact]
    public void An_accepted_step_skips_nothing()
    {
        var ladder = new VetoLadder(plan, SkipList.Empty);
        ladder.Take(0, _ => new StepMeasure(0, 3, 1e9), warnings.Add);
        ladder.Skips.ShouldBeSameAs(SkipList.Empty);
        warnings.ShouldBeEmpty();
    }

    [Fact]
    public void After_ten_vetoes_in_a_row_it_gives_up()
    {
        var tried = new List<long[]>();
        Should.Throw<UserErrorException>(
                () => new VetoLadder(plan, SkipList.Empty).Take(3, skips => Measure(tried, skips, new StepMeasure(3, double.NaN, 1)), warnings.Add))
            .Message.ShouldBe("Step 3 was vetoed 10 times in a row, so the weights are broken; lower training.learning_rate in a run of another name.");
        tried.Count.ShouldBe(VetoLadder.Limit);
        tried.SelectMany(static batch => batch).ShouldBeUnique();
    }

    [Fact]
    public void A_run_resumed_from_a_checkpoint_skips_what_was_skipped_before()
    {
        var undisturbed = new VetoLadder(plan, SkipList.Empty);
        var tried = new List<long[]>();
        for (var step = 0; step < 4; step++)
            undisturbed.Take(step, skips => Measure(tried, skips, new StepMeasure(step, tried.Count is 2 or 3 ? double.NaN : 2, 1), step), warnings.Add);

        var resumed = new VetoLadder(plan, SavedAndLoaded(undisturbed.Skips, 4));
        resumed.Skips.ShouldBe(undisturbed.Skips);
        resumed.Skips.Ranges.Count.ShouldBe(8);
        for (var step = 4; step < 30; step++)
            plan.Samples(step, resumed.Skips).ShouldBe(plan.Samples(step, undisturbed.Skips));
        plan.Samples(4, resumed.Skips)[0].Position.ShouldBe(24);
    }

    private StepMeasure Measure(List<long[]> tried, SkipList skips, StepMeasure measure, long step = 3)
    {
        tried.Add([.. plan.Samples(step, skips).Select(static sample => sample.Position)]);
        return measure;
    }

    private static SkipList SavedAndLoaded(SkipList skips, long step)
    {
        var folder = Directory.CreateTempSubdirectory("actortrain-skips-").FullName;
        try
        {
            var layout = FlatLayout.Of([("norm.weight", [7])]);
            var store = new CheckpointStore(folder, new CheckpointStoreOptions(), TimeProvider.System);
            using var zeros = new HostBuffer(layout.Length * sizeof(float));
            var facts = new CheckpointFacts
            {
                Step = step,
                ConfigurationHash = "c0ffee",
                Model = ModelOptions.FromDepth(2, ModelFamily.Gpt2),
                Cursor = new PlanCursor(0, 0, 0),
                SkipList = skips,
                Fingerprint = new NumericFingerprint("", "", "", "", "", 1, "cpu"),
                State = new Dictionary<string, string>(),
            };
            store.Commit(new CheckpointContent(facts, layout, zeros, zeros, zeros));
            using var loaded = store.LoadLatest(layout, fault => throw new InvalidOperationException(fault.Sentence));
            return loaded!.Manifest.Facts.SkipList;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
