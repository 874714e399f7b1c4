using System.IO.Hashing;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Tests.Snapshots;

public sealed class SnapshotMemoryTests
{
    [Fact]
    public void What_was_written_completely_is_read_and_nothing_else()
    {
        using var memory = new SnapshotMemory(4, slots: 2);
        memory.Read(0).ShouldBeNull();
        using (var writer = memory.Write(0, atStep: 7))
        {
            writer.FirstMoment.Slice(0, 1)[0] = 9;
            memory.Read(0).ShouldBeNull();
            writer.Complete(123).ShouldBeTrue();
        }

        using (var reader = memory.Read(0)!)
        {
            (reader.Step, reader.Hash).ShouldBe((7L, 123UL));
            reader.FirstMoment.Slice(0, 1)[0].ShouldBe((byte)9);
        }

        memory.Write(0, atStep: 8).Dispose();
        memory.Read(0).ShouldBeNull();
        memory.Read(1).ShouldBeNull();
        memory.Allocated.ShouldBe(1);
    }

    [Fact]
    public void Parts_of_one_copy_make_a_state_with_the_hash_of_the_whole_and_those_of_another_copy_do_not_count()
    {
        const long Length = FlatSums.Block + 5;
        using var memory = new SnapshotMemory(Length, slots: 1);
        Copy(copy: 1, first: false).ShouldBeNull();
        Copy(copy: 2, first: true).ShouldBeNull();
        memory.Read(0).ShouldBeNull();
        var whole = Copy(copy: 2, first: false).ShouldNotBeNull();
        using var reader = memory.Read(0).ShouldNotBeNull();
        (reader.Step, reader.Hash).ShouldBe((7L, whole));
        reader.Damage().ShouldBeNull();
        reader.SecondMoment.Slice(FlatSums.Block * sizeof(float), 1)[0].ShouldBe((byte)3);

        ulong? Copy(long copy, bool first)
        {
            var (offset, count) = first ? (0L, FlatSums.Block) : (FlatSums.Block, 5L);
            using var writer = memory.Write(0, atStep: 7, new SnapshotPart(copy, [(offset, count)]));
            HostBuffer[] vectors = [writer.Weights, writer.FirstMoment, writer.SecondMoment];
            var hashes = new List<ulong[]>();
            for (var i = 0; i < vectors.Length; i++)
            {
                vectors[i].Slice(offset * sizeof(float), (int)count * sizeof(float)).Fill((byte)(i + 1));
                hashes.Add([XxHash3.HashToUInt64(vectors[i].Slice(offset * sizeof(float), (int)count * sizeof(float)))]);
            }

            writer.Complete([(offset, new StateBlocks(hashes[0], hashes[1], hashes[2]))], out var hash).ShouldBeTrue();
            return hash;
        }
    }

    [Fact]
    public void One_that_was_given_up_while_it_wrote_cannot_spoil_what_its_successor_writes()
    {
        using var memory = new SnapshotMemory(4, slots: 1);
        var hung = memory.Write(0, atStep: 7);
        using (var writer = memory.Write(0, atStep: 8))
        {
            writer.Weights.Slice(0, 1)[0] = 1;
            hung.Weights.Slice(0, 1)[0] = 2;
            writer.Complete(80).ShouldBeTrue();
            hung.Complete(70).ShouldBeFalse();
        }

        using (var reader = memory.Read(0)!)
        {
            (reader.Step, reader.Hash).ShouldBe((8L, 80UL));
            reader.Weights.Slice(0, 1)[0].ShouldBe((byte)1);
        }

        memory.Allocated.ShouldBe(2);
        hung.Dispose();
        memory.Allocated.ShouldBe(1);
    }

    [Fact]
    public void A_reader_keeps_what_it_reads_while_the_slot_is_filled_anew()
    {
        var memory = new SnapshotMemory(4, slots: 1);
        using (var writer = memory.Write(0, atStep: 1))
        {
            writer.Weights.Slice(0, 1)[0] = 1;
            writer.Complete(10);
        }

        var reader = memory.Read(0)!;
        using (var writer = memory.Write(0, atStep: 2))
        {
            writer.Weights.Slice(0, 1)[0] = 2;
            writer.Complete(20);
        }

        reader.Weights.Slice(0, 1)[0].ShouldBe((byte)1);
        memory.Dispose();
        reader.Weights.Slice(0, 1)[0].ShouldBe((byte)1);
        memory.Allocated.ShouldBe(1);
        reader.Dispose();
        memory.Allocated.ShouldBe(0);
        memory.Read(0).ShouldBeNull();
        Should.Throw<ObjectDisposedException>(() => memory.Write(0, 3));
    }
}
