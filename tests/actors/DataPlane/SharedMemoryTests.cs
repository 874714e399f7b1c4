using System.Runtime.InteropServices;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Tests.DataPlane;

public sealed class SharedMemoryTests
{
    [Fact]
    public void What_one_owner_writes_another_reads_as_long_as_one_of_them_has_it()
    {
        var memory = SharedMemory.Create(parts: 3, partLength: 5000);
        var offset = SharedMemory.OffsetOf(1, 5000);
        Marshal.WriteInt64(memory.Address(offset), 77);
        using var opened = SharedMemory.Open(memory.Place, memory.Length, isWritable: false).ShouldNotBeNull();
        using var writable = SharedMemory.Open(opened.Place, memory.Length, isWritable: true).ShouldNotBeNull();
        Marshal.WriteInt64(writable.Address(offset) + 8, 78);
        var place = memory.Place;
        memory.Dispose();
        (Marshal.ReadInt64(opened.Address(offset)), Marshal.ReadInt64(opened.Address(offset) + 8)).ShouldBe((77, 78));
        Should.Throw<ObjectDisposedException>(() => memory.Address(offset));
        SharedMemory.Open(place, place.Length, isWritable: false).ShouldBeNull();
    }

    [Fact]
    public void Other_memory_is_not_opened()
    {
        using var memory = SharedMemory.Create(parts: 1, partLength: 100);
        SharedMemory.Open(memory.Place, memory.Length + 1, isWritable: false).ShouldBeNull();
        SharedMemory.Open(memory.Place with { Length = 1 << 20 }, 1 << 20, isWritable: false).ShouldBeNull();
        SharedMemory.Open(memory.Place with { Key = 1 }, memory.Length, isWritable: false).ShouldBeNull();
        SharedMemory.Open(memory.Place with { Descriptor = 0 }, memory.Length, isWritable: false).ShouldBeNull();
        SharedMemory.Open(memory.Place with { Descriptor = 99_999 }, memory.Length, isWritable: false).ShouldBeNull();
        SharedMemory.Open(memory.Place with { Process = -5 }, memory.Length, isWritable: false).ShouldBeNull();
        SharedMemory.Open(default, 0, isWritable: false).ShouldBeNull();
    }

    [Fact]
    public void Its_length_cannot_be_changed_under_whoever_reads_it()
    {
        using var memory = SharedMemory.Create(parts: 1, partLength: 100);
        using var file = new FileStream($"/proc/self/fd/{memory.Place.Descriptor}", FileMode.Open, FileAccess.ReadWrite);
        Should.Throw<Exception>(() => file.SetLength(10));
        file.Length.ShouldBe(memory.Length);
    }

    [Fact]
    public void It_is_unmapped_with_its_last_owner()
    {
        var memory = SharedMemory.Create(parts: 1, partLength: 100);
        memory.Share().Dispose();
        memory.OffsetAt(memory.Address(4096)).ShouldBe(4096);
        memory.OffsetAt(memory.Address(4096) - 4097).ShouldBeNull();
        memory.Dispose();
        Should.Throw<ObjectDisposedException>(memory.Share);
    }

    [Fact]
    public void Vectors_of_a_pool_in_shared_memory_are_zero_at_first_and_lie_where_others_find_them()
    {
        using var pool = GradientPool.InSharedMemory(length: 1500, capacity: 3);
        using var other = SharedMemory.Open(pool.Shared!.Place, pool.Shared.Length, isWritable: false).ShouldNotBeNull();
        var vectors = Enumerable.Range(0, 3).Select(_ => pool.Rent()).ToList();
        for (var part = 0; part < 3; part++)
        {
            var vector = vectors[part];
            (vector.numel(), vector.Address() % 64).ShouldBe((1500, 0));
            vector.count_nonzero().item<long>().ShouldBe(0);
            vector.add_(part + 1);
            var offset = pool.Shared.OffsetAt(vector.Address()).ShouldNotBeNull();
            SharedMemory.PartAt(offset, 1500 * sizeof(float)).ShouldBe(part);
            BitConverter.Int32BitsToSingle(Marshal.ReadInt32(other.Address(offset) + 4 * 1499)).ShouldBe(part + 1);
        }

        pool.Return(vectors[1]);
        pool.Rent().ShouldBeSameAs(vectors[1]);
        pool.Allocated.ShouldBe(3);
        SharedMemory.PartAt(100, 6000).ShouldBeNull();
    }

    [Fact]
    public void A_vector_that_is_rented_outlives_its_pool()
    {
        var pool = GradientPool.InSharedMemory(length: 100, capacity: 2);
        var (vector, idle) = (pool.Rent(), pool.Rent());
        pool.Return(idle);
        pool.Dispose();
        pool.Dispose();
        vector.fill_(3);
        vector.sum().item<float>().ShouldBe(300);
        pool.Return(vector);
        Should.Throw<ObjectDisposedException>(pool.Shared!.Share);
    }
}
