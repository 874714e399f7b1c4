using ActorTrain.Actors.Run;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Actors.Tests.Runs;

public sealed class LaneSharesTests
{
    [Theory]
    [InlineData(8, new[] { 1, 1 }, new[] { 4, 4 })]
    [InlineData(8, new[] { 10, 11 }, new[] { 4, 4 })]
    [InlineData(8, new[] { 1, 3 }, new[] { 6, 2 })]
    [InlineData(8, new[] { 1, 50 }, new[] { 8, 0 })]
    [InlineData(16, new[] { 1, 1, 1, 4 }, new[] { 5, 5, 5, 1 })]
    [InlineData(2, new[] { 5, 5, 5 }, new[] { 0, 1, 1 })]
    [InlineData(4, new[] { 0, 0 }, new[] { 2, 2 })]
    public void Lanes_are_shared_by_pace_where_that_is_much_sooner(int lanes, int[] milliseconds, int[] counts) =>
        LaneShares.Of(lanes, Paces(milliseconds)).Counts.ShouldBe(counts);

    [Fact]
    public void While_a_pace_is_unknown_shares_are_equal_and_nothing_is_expected()
    {
        var shares = LaneShares.Of(8, [TimeSpan.FromSeconds(1), null, TimeSpan.FromSeconds(9)]);
        shares.Counts.ShouldBe(LaneShares.Equal(8, 3));
        shares.Expected.ShouldBeNull();
    }

    [Fact]
    public void All_lanes_are_given_and_never_end_later_than_in_equal_shares() => Prop.ForAll(
        Gen.Choose(0, 8).ToArbitrary(), Gen.NonEmptyListOf(Gen.Choose(1, 1000)).ToArbitrary(), static (log, milliseconds) =>
        {
            var (lanes, paces) = (1 << log, Paces(milliseconds));
            var shares = LaneShares.Of(lanes, paces);
            var last = Last(shares.Counts, paces);
            shares.Counts.Sum().ShouldBe(lanes);
            last.ShouldBeLessThanOrEqualTo(Last(LaneShares.Equal(lanes, paces.Count), paces));
            shares.Expected.ShouldBe(last);

            var all = shares.WithAll().Counts;
            all.Sum().ShouldBe(lanes);
            all.Count(static count => count > 0).ShouldBe(lanes < paces.Count ? shares.Counts.Count(static count => count > 0) : paces.Count);
        }).QuickCheckThrowOnFailure();

    private static TimeSpan Last(IReadOnlyList<int> counts, IReadOnlyList<TimeSpan?> paces) =>
        counts.Zip(paces, static (count, pace) => count * pace!.Value).Max();

    private static List<TimeSpan?> Paces(IEnumerable<int> milliseconds) =>
        [.. milliseconds.Select(static time => (TimeSpan?)TimeSpan.FromMilliseconds(time))];
}
