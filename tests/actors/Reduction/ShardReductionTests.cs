using System.Runtime.InteropServices;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Chaos;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Actors.Tests.Reduction;

/// <summary>The total and its norm have the bits of the bare lane tree, whatever reducers, blocks, order, repetitions and restarts there
/// are.</summary>
public sealed class ShardReductionTests
{
    private const int Lanes = 8;
    private static readonly long Length = 2 * FlatSums.Block + 12_345;
    private static readonly Round First = new(1, 0);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(3, 4)]
    [InlineData(5, 2)]
    [InlineData(8, 8)]
    public void Any_number_of_trainers_and_reducers_in_any_order_gives_the_bits_of_the_bare_tree(int trainers, int reducers)
    {
        var (expected, norm) = Bare();
        for (var seed = 0; seed < 4; seed++)
        {
            var random = new Random(seed);
            using var transport = Transport(reducers);
            transport.Open(First);
            LaneBlock[] blocks = [.. LaneBlock.Share(Lanes, trainers).SelectMany(static share => share)];
            foreach (var block in blocks)
                Publish(transport, First, block).ShouldBeTrue();
            var squares = new List<double>();
            for (var reducer = 0; reducer < reducers; reducer++)
            {
                random.Shuffle(blocks);
                using var reduction = new ShardReduction(transport, reducer, Lanes);
                squares.AddRange(Reduce(reduction, First, blocks));
            }

            using (var total = transport.Total(First)!)
                Bits(total.Vector).ShouldBe(expected, $"seed {seed}");
            GradientNorm.OfSquares(squares).ShouldBe(norm);
        }
    }

    [Fact]
    public void A_reducer_that_takes_the_place_of_another_halfway_does_it_all_again_with_the_same_bits()
    {
        var (expected, norm) = Bare();
        using var transport = Transport(1);
        transport.Open(First);
        var blocks = Enumerable.Range(0, Lanes).Select(static lane => new LaneBlock(lane, 1)).ToArray();
        foreach (var block in blocks)
            Publish(transport, First, block);
        for (var lost = 0; lost < Lanes; lost++)
        {
            // The lost one still holds what it read when the next begins, and even finishes after it.
            using var old = new ShardReduction(transport, 0, Lanes);
            foreach (var block in blocks[..lost])
                old.Add(First, block).ShouldBeNull();
            using var next = new ShardReduction(transport, 0, Lanes);
            GradientNorm.OfSquares(Reduce(next, First, blocks)).ShouldBe(norm);
            GradientNorm.OfSquares(Reduce(old, First, blocks[lost..])).ShouldBe(norm);
        }

        using var total = transport.Total(First)!;
        Bits(total.Vector).ShouldBe(expected);
    }

    [Fact]
    public void A_block_that_comes_again_counts_once_and_repeats_the_answer_when_all_is_there()
    {
        using var transport = Transport(1);
        transport.Open(First);
        using var reduction = new ShardReduction(transport, 0, Lanes);
        var (left, right) = (new LaneBlock(0, 4), new LaneBlock(4, 4));
        Publish(transport, First, left);
        Publish(transport, First, right);
        reduction.Add(First, left).ShouldBeNull();
        reduction.Add(First, left).ShouldBeNull();
        var reduced = reduction.Add(First, right).ShouldBeOfType<ShardReduced>();
        reduction.Add(First, left).ShouldBe(reduced);
        reduction.Add(First, right).ShouldBe(reduced);
    }

    [Fact]
    public void A_later_round_ends_the_one_before_and_what_is_earlier_or_closed_or_unknown_is_stale()
    {
        using var transport = Transport(1);
        var second = new Round(2, 0);
        transport.Open(First);
        transport.Open(second);
        var all = new LaneBlock(0, Lanes);
        Publish(transport, First, all);
        Publish(transport, second, new LaneBlock(0, 4));
        using var reduction = new ShardReduction(transport, 0, Lanes);
        reduction.Add(second, new LaneBlock(0, 4)).ShouldBeNull();
        reduction.Add(First, all).ShouldBeNull();
        reduction.Add(second, new LaneBlock(4, 4)).ShouldBeNull();
        transport.Close(second);
        transport.Close(First);
        reduction.Add(new Round(3, 1), all).ShouldBeNull();
        reduction.Dispose();
        transport.Memory.Rented.ShouldBe(0);
    }

    [Fact]
    public void A_round_that_is_closed_under_a_reduction_gives_no_total_and_leaks_nothing()
    {
        using var transport = Transport(1);
        transport.Open(First);
        var (left, right) = (new LaneBlock(0, 4), new LaneBlock(4, 4));
        Publish(transport, First, left);
        Publish(transport, First, right);
        using (var reduction = new ShardReduction(transport, 0, Lanes))
        {
            reduction.Add(First, left).ShouldBeNull();
            transport.Close(First);
            reduction.Add(First, right).ShouldBeNull();
            transport.Total(First).ShouldBeNull();
        }

        transport.Memory.Rented.ShouldBe(0);
    }

    [Fact]
    public void Lanes_that_come_one_by_one_in_order_are_summed_as_they_come_in_memory_for_the_depth_of_the_tree()
    {
        using var transport = Transport(2);
        for (var number = 1; number <= 20; number++)
        {
            var round = new Round(number, number);
            transport.Open(round);
            using var reduction = new ShardReduction(transport, 1, Lanes);
            for (var lane = 0; lane < Lanes; lane++)
            {
                Publish(transport, round, new LaneBlock(lane, 1));
                (reduction.Add(round, new LaneBlock(lane, 1)) is null).ShouldBe(lane < Lanes - 1);
            }

            transport.Close(round);
        }

        transport.Memory.Rented.ShouldBe(0);
        transport.Memory.Allocated.ShouldBe(Lanes + 1);
    }

    [Fact]
    public void A_bit_flipped_in_a_published_gradient_is_told_with_its_lanes_and_nothing_is_made_of_it()
    {
        var (expected, _) = Bare();
        var random = new Random(5);
        LaneBlock[] blocks = [new(0, 4), new(4, 2), new(6, 1), new(7, 1)];
        using var transport = Transport(2);
        for (var flip = 0; flip < 24; flip++)
        {
            var round = new Round(flip + 1, 0);
            transport.Open(round);
            foreach (var block in blocks)
                Publish(transport, round, block);
            var hit = blocks[flip % blocks.Length];
            var bit = 32 * random.NextInt64(Length) + (flip % 3 == 0 ? 0 : random.Next(32));
            using (var lease = transport.Read(round, hit)!)
                BitFlip.At(lease.Vector, bit);

            var reports = new List<ReducerReport>();
            for (var reducer = 0; reducer < 2; reducer++)
            {
                using var reduction = new ShardReduction(transport, reducer, Lanes);
                reports.AddRange(blocks.Select(block => reduction.Add(round, block)).OfType<ReducerReport>());
            }

            var damaged = reports.OfType<BlockDamaged>().ShouldHaveSingleItem($"bit {bit} of {hit}");
            (damaged.Round, damaged.Block).ShouldBe((round, hit));
            damaged.Reducer.ShouldBe(bit / 32 < transport.Shards[1].Offset ? 0 : 1);
            damaged.Reason.ShouldStartWith(
                $"The published gradient of lanes {hit} changed in memory in block {bit / 32 / FlatSums.Block} ");
            transport.Total(round).ShouldBeNull();
            transport.Close(round);
        }

        // The round that is begun anew has the right bits.
        var anew = new Round(100, 0);
        transport.Open(anew);
        foreach (var block in blocks)
            Publish(transport, anew, block);
        for (var reducer = 0; reducer < 2; reducer++)
        {
            using var reduction = new ShardReduction(transport, reducer, Lanes);
            Reduce(reduction, anew, blocks);
        }

        using (var total = transport.Total(anew)!)
        {
            Bits(total.Vector).ShouldBe(expected);
            total.Checksum!.Hash.ShouldBe(FlatChecksum.Of(total.Vector).Hash);
        }

        transport.Close(anew);
        transport.Memory.Rented.ShouldBe(0);
    }

    [Fact]
    public void A_bit_flipped_in_what_one_trainer_computed_alone_is_told_too()
    {
        using var transport = Transport(1);
        var all = new LaneBlock(0, Lanes);
        transport.Open(First);
        Publish(transport, First, all);
        using (var lease = transport.Read(First, all)!)
            BitFlip.At(lease.Vector, 32 * FlatSums.Block);
        using var reduction = new ShardReduction(transport, 0, Lanes);
        reduction.Add(First, all).ShouldBeOfType<BlockDamaged>().Block.ShouldBe(all);
        transport.Total(First).ShouldBeNull();
        transport.Close(First);
        transport.Memory.Rented.ShouldBe(0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Sums_of_squares_of_cells_and_elements_that_are_no_numbers_are_told(int reducers)
    {
        var layout = FlatLayout.Of([("a", [1000L]), ("b", [FlatSums.Block]), ("c", [FlatSums.Block + 100])]);
        var norms = new TensorNorms(layout);
        using var scope = NewDisposeScope();
        using var transport = new LocalGradientTransport(layout.Length, Lanes, reducers, capacity: 8);
        transport.Open(First);
        LaneBlock[] blocks = [new(0, 4), new(4, 4)];
        var whole = zeros(layout.Length);
        foreach (var block in blocks)
        {
            var part = transport.Memory.Rent();
            part.normal_();
            part.narrow(0, 5 + block.First, 1).fill_(float.NaN);
            if (block.First == 4)
                part.narrow(0, layout.Length - 20, 2).fill_(float.PositiveInfinity);
            whole.add_(part);
            transport.Publish(First, block, part, FlatChecksum.Of(part));
        }

        var reports = Enumerable.Range(0, reducers).Select(reducer =>
        {
            using var reduction = new ShardReduction(transport, reducer, Lanes, norms);
            reduction.Add(First, blocks[0]).ShouldBeNull();
            return reduction.Add(First, blocks[1]).ShouldBeOfType<ShardReduced>();
        }).ToList();
        reports.Sum(static report => report.NonFinite).ShouldBe(4);
        var tensors = norms.Of([.. reports.SelectMany(static report => report.Cells)]).Tensors;
        double.IsNaN(tensors[0]).ShouldBeTrue();
        var middle = whole.narrow(0, layout.Entries[1].Offset, FlatSums.Block).to(ScalarType.Float64).square().sum().sqrt()
            .item<double>();
        tensors[1].ShouldBe(middle, 1e-12 * middle);
        tensors[2].ShouldBe(double.PositiveInfinity);
    }

    private static LocalGradientTransport Transport(int reducers) =>
        new(Length, Lanes, reducers, LocalGradientTransport.CapacityFor(Lanes, trainers: Lanes, totalsKept: 3));

    private static IReadOnlyList<double> Reduce(ShardReduction reduction, Round round, LaneBlock[] blocks)
    {
        for (var i = 0; i < blocks.Length - 1; i++)
            reduction.Add(round, blocks[i]).ShouldBeNull();
        return reduction.Add(round, blocks[^1]).ShouldBeOfType<ShardReduced>().Squares;
    }

    private static bool Publish(LocalGradientTransport transport, Round round, LaneBlock block)
    {
        var vector = transport.Memory.Rent();
        var sum = Sum(block);
        Fill(vector, sum);
        return transport.Publish(round, block, vector, FlatChecksum.Of(vector));
    }

    // What a trainer sums along the tree below its block.
    private static float[] Sum(LaneBlock block)
    {
        if (block.Count == 1)
        {
            var random = new Random(block.First);
            var lane = new float[Length];
            for (var i = 0; i < lane.Length; i += 7)
                lane[i] = random.NextSingle() - 0.5f;
            return lane;
        }

        var left = Sum(new LaneBlock(block.First, block.Count / 2));
        var right = Sum(new LaneBlock(block.First + block.Count / 2, block.Count / 2));
        for (var i = 0; i < left.Length; i++)
            left[i] += right[i];
        return left;
    }

    private static (byte[] Bits, double Norm) Bare()
    {
        using var scope = NewDisposeScope();
        var tree = new LaneTree<GradientSum>(Lanes, GradientSum.Add);
        for (var lane = 0; lane < Lanes; lane++)
        {
            var vector = zeros(Length);
            Fill(vector, Sum(new LaneBlock(lane, 1)));
            tree.Add(new LaneBlock(lane, 1), new GradientSum(vector, 0));
        }

        return (Bits(tree.Total().Gradient), GradientNorm.Of(tree.Total().Gradient));
    }

    private static void Fill(Tensor vector, float[] values) => MemoryMarshal.AsBytes<float>(values).CopyTo(vector.bytes);

    private static byte[] Bits(Tensor vector) => vector.bytes.ToArray();
}
