using ActorTrain.Actors.Snapshots;

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
