using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Tests.Reduction;

public sealed class LocalGradientTransportTests
{
    private const int Lanes = 4;
    private static readonly Round Round = new(5, 2);
    private static readonly LaneBlock All = new(0, Lanes), Left = new(0, 2), Right = new(2, 2);
    private static readonly FlatChecksum Zeros = FlatChecksum.OfZeros(1000);

    [Fact]
    public void What_is_published_too_early_too_late_or_twice_is_refused_and_its_memory_comes_back()
    {
        using var transport = Transport();
        transport.Publish(Round, Left, transport.Memory.Rent(), Zeros).ShouldBeFalse();
        transport.Open(Round);
        transport.Publish(Round, Left, transport.Memory.Rent(), Zeros).ShouldBeTrue();
        transport.Publish(Round, Left, transport.Memory.Rent(), Zeros).ShouldBeFalse();
        transport.Publish(Round, new LaneBlock(1, 2), transport.Memory.Rent(), Zeros).ShouldBeFalse();
        transport.Publish(Round, new LaneBlock(4, 4), transport.Memory.Rent(), Zeros).ShouldBeFalse();
        transport.Publish(Round with { Number = 4 }, Right, transport.Memory.Rent(), Zeros).ShouldBeFalse();
        transport.Memory.Rented.ShouldBe(1);
        transport.Holds(Round, Left).ShouldBeTrue();
        transport.Holds(Round, Right).ShouldBeFalse();
        transport.Close(Round);
        transport.Close(Round);
        transport.Publish(Round, Left, transport.Memory.Rent(), Zeros).ShouldBeFalse();
        transport.Memory.Rented.ShouldBe(0);
        transport.Memory.Allocated.ShouldBe(2);
    }

    [Fact]
    public void A_sum_over_all_lanes_is_the_total_itself_without_a_copy()
    {
        using var transport = Transport();
        transport.Open(Round);
        var vector = transport.Memory.Rent();
        transport.Publish(Round, All, vector, Zeros);
        transport.Total(Round).ShouldBeNull();
        transport.CompleteShard(Round, 0, null);
        transport.Total(Round).ShouldBeNull();
        transport.CompleteShard(Round, 1, null);
        using var total = transport.Total(Round)!;
        total.Vector.ShouldBeSameAs(vector);
        total.Checksum.ShouldBeSameAs(Zeros);
    }

    [Fact]
    public void The_first_reader_of_the_total_frees_the_sums_over_blocks_and_late_ones_are_refused()
    {
        using var transport = Transport();
        transport.Open(Round);
        transport.Publish(Round, Left, transport.Memory.Rent(), Zeros);
        transport.Publish(Round, Right, transport.Memory.Rent(), Zeros);
        transport.WriteTotal(Round)!.Dispose();
        transport.CompleteShard(Round, 0, new FlatChecksum([7, 8]));
        transport.CompleteShard(Round, 1, new FlatChecksum([9]));
        transport.Memory.Rented.ShouldBe(3);
        using (var total = transport.Total(Round)!)
            total.Checksum!.Blocks.ToArray().ShouldBe([7UL, 8, 9]);
        transport.Memory.Rented.ShouldBe(1);
        transport.Read(Round, Left).ShouldBeNull();
        transport.Publish(Round, Left, transport.Memory.Rent(), Zeros).ShouldBeFalse();
        transport.Total(Round).ShouldNotBeNull().Dispose();
    }

    [Fact]
    public void Memory_that_somebody_reads_is_not_given_to_another_even_when_its_round_is_closed_or_the_run_ends()
    {
        var transport = Transport();
        transport.Open(Round);
        transport.Publish(Round, All, transport.Memory.Rent(), Zeros);
        var lease = transport.Read(Round, All)!;
        transport.Close(Round);
        transport.Memory.Rented.ShouldBe(1);
        transport.Memory.Rent().ShouldNotBeSameAs(lease.Vector);
        transport.Dispose();
        lease.Vector.bytes[0].ShouldBe((byte)0);
        lease.Dispose();
        lease.Dispose();
        transport.Memory.Rented.ShouldBe(1);
    }

    [Fact]
    public void The_bound_of_the_memory_holds_and_is_told_in_a_sentence()
    {
        using var transport = new LocalGradientTransport(10, Lanes, reducers: 1, capacity: 2);
        transport.Memory.Rent();
        transport.Memory.Rent();
        Should.Throw<InvariantException>(() => transport.Memory.Rent()).Message.ShouldContain("All 2 gradient vectors");
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(10, 3)]
    [InlineData(1 << 20, 2)]
    [InlineData((5 << 20) + 17, 3)]
    [InlineData((5 << 20) + 17, 9)]
    public void Shards_cover_the_gradient_once_in_order_and_begin_at_blocks_of_the_norm(long length, int count)
    {
        var shards = GradientShard.Split(length, count);
        shards.Count.ShouldBe(count);
        long end = 0;
        foreach (var shard in shards)
        {
            shard.Offset.ShouldBe(end);
            (shard.Offset % FlatSums.Block == 0 || shard.Count == 0).ShouldBeTrue();
            end += shard.Count;
        }

        end.ShouldBe(length);
    }

    private static LocalGradientTransport Transport() => new(1000, Lanes, reducers: 2, capacity: 6);
}
