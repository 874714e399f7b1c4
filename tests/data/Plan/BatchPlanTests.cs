using ActorTrain.Data.Plan;
using ActorTrain.Models.Plan;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Data.Tests.Plan;

public sealed class BatchPlanTests
{
    private static readonly Gen<ulong> Seeds = Gen.Choose(0, int.MaxValue).Select(static seed => (ulong)seed * 0x9E3779B97F4A7C15);

    [Fact]
    public void Each_epoch_holds_every_sample_exactly_once() => Prop.ForAll(
        Seeds.ToArbitrary(), Gen.Choose(1, 700).ToArbitrary(), Gen.Choose(0, 5).ToArbitrary(),
        static (seed, samples, epoch) =>
        {
            var plan = new BatchPlan(seed, samples, 1, 1);
            var seen = Enumerable.Range(0, samples).Select(i => plan.At((long)epoch * samples + i)).ToArray();
            return seen.All(sample => sample.Epoch == epoch)
                && seen.Select(static sample => sample.Sample).Order()
                    .SequenceEqual(Enumerable.Range(0, samples).Select(static i => (long)i));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Consecutive_steps_consume_every_position_that_is_not_skipped_exactly_once() => Prop.ForAll(
        Seeds.ToArbitrary(), Gen.Choose(0, 60).ToArbitrary(), Gen.Choose(1, 40).ToArbitrary(),
        static (seed, first, count) =>
        {
            var skips = SkipList.Of([new(first, count, "spike"), new(first + count + 7, 3, "spike")]);
            var plan = new BatchPlan(seed, 37, 8, 4);
            var positions = Enumerable.Range(0, 30).SelectMany(step => plan.Samples(step, skips)).Select(static sample => sample.Position)
                .ToArray();
            var expected = Enumerable.Range(0, 1000).Select(static i => (long)i).Where(position => !skips.Contains(position))
                .Take(positions.Length);
            return positions.SequenceEqual(expected);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_skip_changes_no_sample_of_a_position()
    {
        var plan = new BatchPlan(7, 1000, 16, 4);
        var skips = SkipList.Of([new SkippedRange(32, 16, "spike")]);
        plan.Samples(1, skips).ShouldBe(plan.Samples(1, SkipList.Empty));
        plan.Samples(2, skips).ShouldBe(plan.Samples(3, SkipList.Empty));
    }

    [Fact]
    public void A_batch_of_several_epochs_is_read_again_and_consumed_once()
    {
        var plan = new BatchPlan(7, 1000, 16, 4, new RolloutSchedule(0, Window: 6, Epochs: 2));
        var skips = SkipList.Of([new SkippedRange(16, 16, "spike")]);
        var once = Enumerable.Range(0, 3).SelectMany(step => plan.Samples(step, skips)).ToList();
        Enumerable.Range(3, 3).SelectMany(step => plan.Samples(step, skips)).ShouldBe(once, ignoreOrder: true);
        plan.Samples(6, skips)[0].Position.ShouldBe(64);
        (plan.SamplesIn(2), plan.SamplesIn(3), plan.SamplesIn(5), plan.SamplesIn(7)).ShouldBe((32, 48, 48, 64));
        plan.Span(3, 6, skips).ShouldBe((0, 63));
        Enumerable.Range(0, 8).Where(step => plan.IsFirst(step)).ShouldBe([0, 1, 2, 6, 7]);
    }

    [Fact]
    public void The_batch_of_a_step_is_the_same_for_any_number_of_lanes() => Prop.ForAll(
        Seeds.ToArbitrary(), Gen.Choose(1, 5000).ToArbitrary(), Gen.Choose(0, 10_000).ToArbitrary(),
        static (seed, samples, step) =>
        {
            var whole = new BatchPlan(seed, samples, 64, 1).Samples(step, 0, SkipList.Empty);
            return new[] { 1, 2, 4, 8, 16, 64 }.All(lanes =>
            {
                var plan = new BatchPlan(seed, samples, 64, lanes);
                return Enumerable.Range(0, lanes).SelectMany(lane => plan.Samples(step, lane, SkipList.Empty)).SequenceEqual(whole)
                    && plan.Samples(step, SkipList.Empty).SequenceEqual(whole);
            });
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Epochs_and_seeds_differ_in_their_order()
    {
        long[] Epoch(ulong seed, int epoch) =>
            [.. Enumerable.Range(0, 100).Select(i => new BatchPlan(seed, 100, 1, 1).At(epoch * 100 + i).Sample)];

        Epoch(1, 0).ShouldNotBe(Epoch(1, 1));
        Epoch(1, 0).ShouldNotBe(Epoch(2, 0));
        Epoch(1, 0).Zip(Epoch(1, 0).Skip(1)).Count(static pair => pair.Second == pair.First + 1).ShouldBeLessThan(10);
    }

    [Fact]
    public void Where_a_sample_comes_in_an_epoch_is_uniform()
    {
        // Sample 0 among 16, over 16,000 epochs: chi-square with 15 degrees of freedom stays below 37.7 in 999 of 1000 draws; this draw is
        // fixed.
        var counts = new int[16];
        var plan = new BatchPlan(3, 16, 1, 1);
        for (var epoch = 0; epoch < 16_000; epoch++)
            counts[plan.At(epoch * 16L).Sample]++;
        counts.Sum(static count => (count - 1000.0) * (count - 1000.0) / 1000).ShouldBeLessThan(37.7);
    }

    [Fact]
    public void Billions_of_samples_take_no_memory()
    {
        var plan = new BatchPlan(5, 1L << 50, 8, 8);
        var samples = plan.Samples(1L << 40, 3, SkipList.Empty);
        samples.ShouldHaveSingleItem().Position.ShouldBe((1L << 43) + 3);
        samples[0].Sample.ShouldBeInRange(0, (1L << 50) - 1);
    }

    /// <summary>A run that was begun must find its plan again: these values never change.</summary>
    [Fact]
    public void The_plan_is_the_one_that_it_always_was()
    {
        Samples(new BatchPlan(1, 1000, 8, 4), 0).ShouldBe(GoldenFirst);
        Samples(new BatchPlan(1, 1000, 8, 4), 130).ShouldBe(GoldenLater);
        Samples(new BatchPlan(0xFEDCBA9876543210, 3, 8, 1), 0).ShouldBe(GoldenTiny);

        static long[] Samples(BatchPlan plan, long step) => [.. plan.Samples(step, SkipList.Empty).Select(static sample => sample.Sample)];
    }

    [Theory]
    [InlineData(0, 8, 1, "samples")]
    [InlineData(10, 0, 1, "batchSize")]
    [InlineData(10, 8, 3, "lanes")]
    [InlineData(10, 8, 0, "lanes")]
    [InlineData(10, 8, 16, "lanes")]
    public void Numbers_that_do_not_fit_are_refused(long samples, int batch, int lanes, string parameter) =>
        Should.Throw<ArgumentException>(() => new BatchPlan(1, samples, batch, lanes)).ParamName.ShouldBe(parameter);

    private static readonly long[] GoldenFirst = [182, 396, 579, 851, 900, 774, 79, 91];
    private static readonly long[] GoldenLater = [263, 688, 677, 62, 981, 622, 470, 735];
    private static readonly long[] GoldenTiny = [2, 1, 0, 0, 2, 1, 0, 2];
}
