using ActorTrain.Actors.Metrics;
using ActorTrain.Data.Plan;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Ledger;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Actors.Tests.Metrics;

public sealed class SampleReadsTests
{
    [Fact]
    public void Reads_of_any_run_are_those_that_its_plan_names() =>
        Prop.ForAll(Gen.Choose(1, 60).ToArbitrary(), Gen.Choose(0, 40).ToArbitrary(), Gen.Choose(0, 100).ToArbitrary(),
            (samples, steps, skipped) =>
        {
            var plan = new BatchPlan(7, samples, batchSize: 8, lanes: 4);
            var skips = skipped % 3 == 0 ? SkipList.Empty : SkipList.Of([new SkippedRange(skipped, 8, "spike")]);
            var taken = Enumerable.Range(0, steps).Select(step => plan.Samples(step, skips)).ToList();
            var reads = SampleReads.Of(plan, taken.Select(
                static (batch, step) => new SampleRow(step + 1, 1, SampleRange.Of(batch.Select(static sample => sample.Position)))));

            var epochs = taken.SelectMany(static batch => batch).GroupBy(static sample => sample.Epoch)
                .ToDictionary(static epoch => epoch.Key, static epoch => epoch.Select(static sample => sample.Sample).Distinct().Count());
            reads.Samples.ShouldBe(samples);
            reads.WholeEpochs.ShouldBe(epochs.Count(epoch => epoch.Value == samples));
            reads.PartialEpochs.ShouldBe(epochs.Where(epoch => epoch.Value < samples).OrderBy(static epoch => epoch.Key)
                .Select(static epoch => new PartialEpoch(epoch.Key + 1, epoch.Value)));
            reads.MostInStep.ShouldBe(taken.Select(static batch => batch.CountBy(static sample => sample.Sample)
                .Max(static sample => sample.Value)).DefaultIfEmpty().Max());
        }).QuickCheckThrowOnFailure();
}
