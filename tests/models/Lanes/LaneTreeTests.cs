using ActorTrain.Models.Lanes;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Models.Tests.Lanes;

public sealed class LaneTreeTests
{
    // float addition is not associative, so an order that strays from the tree shows in the bits.
    private static float Sum(float left, float right) => left + right;

    private static float Reference(ReadOnlySpan<float> leaves) => leaves.Length == 1
        ? leaves[0]
        : Reference(leaves[..(leaves.Length / 2)]) + Reference(leaves[(leaves.Length / 2)..]);

    private static float[] Leaves(int lanes, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, lanes).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-6, 7))))];
    }

    [Fact]
    public void Any_order_of_arrival_and_any_split_into_blocks_gives_the_bits_of_the_canonical_tree() =>
        Prop.ForAll(Gen.Choose(0, 6).ToArbitrary(), Gen.Choose(1, 70).ToArbitrary(), Gen.Choose(0, int.MaxValue - 1).ToArbitrary(),
            (log, trainers, seed) =>
        {
            var lanes = 1 << log;
            var leaves = Leaves(lanes, seed);
            var blocks = LaneBlock.Share(lanes, trainers).SelectMany(static share => share).ToArray();
            new Random(seed).Shuffle(blocks);

            var reducer = new LaneTree<float>(lanes, Sum);
            foreach (var block in blocks)
            {
                var trainer = new LaneTree<float>(lanes, Sum);
                for (var lane = block.First; lane < block.End; lane++)
                    trainer.Add(new LaneBlock(lane, 1), leaves[lane]);
                foreach (var (summed, sum) in trainer.Waiting)
                    reducer.Add(summed, sum);
            }

            return BitConverter.SingleToInt32Bits(reducer.Total()) == BitConverter.SingleToInt32Bits(Reference(leaves));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_plain_sum_in_lane_order_has_other_bits_so_the_tree_is_what_is_tested()
    {
        var differs = Enumerable.Range(0, 50).Count(seed => Leaves(16, seed).Aggregate(Sum) != Reference(Leaves(16, seed)));
        differs.ShouldBeGreaterThan(10);
    }

    [Fact]
    public void Lanes_in_order_hold_at_most_log2_sums_at_a_time()
    {
        var tree = new LaneTree<float>(64, Sum);
        for (var lane = 0; lane < 64; lane++)
        {
            tree.Add(new LaneBlock(lane, 1), 1);
            tree.Waiting.Count().ShouldBeLessThanOrEqualTo(6);
        }

        tree.Total().ShouldBe(64);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 2)]
    [InlineData(0, 8)]
    public void A_lane_that_arrives_twice_is_refused(int first, int count)
    {
        var tree = new LaneTree<float>(8, Sum);
        tree.Add(new LaneBlock(0, 2), 1);
        Should.Throw<InvariantException>(() => tree.Add(new LaneBlock(first, count), 1)).Message.ShouldContain("already summed");
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(0, 3)]
    [InlineData(8, 1)]
    [InlineData(-1, 1)]
    public void What_is_no_node_of_the_tree_is_refused(int first, int count) =>
        Should.Throw<InvariantException>(() => new LaneTree<float>(8, Sum).Add(new LaneBlock(first, count), 1))
            .Message.ShouldContain("not a node");

    [Fact]
    public void A_total_before_all_lanes_are_there_is_refused_and_after_a_reset_the_tree_is_empty()
    {
        var tree = new LaneTree<float>(4, Sum);
        tree.Add(new LaneBlock(0, 2), 1);
        Should.Throw<InvariantException>(() => tree.Total()).Message.ShouldBe("Only 2 of 4 lanes have arrived.");
        tree.Reset();
        tree.Add(new LaneBlock(0, 4), 5);
        tree.Total().ShouldBe(5);
    }

    [Fact]
    public void Shares_cover_every_lane_once_in_order_and_differ_by_at_most_one_lane() =>
        Prop.ForAll(Gen.Choose(0, 7).ToArbitrary(), Gen.Choose(1, 200).ToArbitrary(), (log, trainers) =>
        {
            var shares = LaneBlock.Share(1 << log, trainers);
            var sizes = shares.Select(static share => share.Sum(static block => block.Count)).ToArray();
            return shares.Count == trainers
                   && shares.SelectMany(static share => share).All(static block => block.IsAligned)
                   && shares.SelectMany(static share => share).SelectMany(static block => Enumerable.Range(block.First, block.Count))
                       .SequenceEqual(Enumerable.Range(0, 1 << log))
                   && sizes.Max() - sizes.Min() <= 1;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Three_trainers_of_eight_lanes_get_these_blocks() =>
        string.Join(" ", LaneBlock.Share(8, 3).Select(static share => string.Join("+", share))).ShouldBe("{0-1} {2-3}+{4} {5}+{6-7}");
}
