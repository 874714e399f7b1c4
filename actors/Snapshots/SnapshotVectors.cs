using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Snapshots;

/// <summary>The memory of one state.</summary>
public sealed class SnapshotVectors : IDisposable
{
    /// <summary>Allocates memory of this process.</summary>
    /// <param name="length">Elements of the flat layout.</param>
    public SnapshotVectors(long length) =>
        (Weights, FirstMoment, SecondMoment) = (Own(length), Own(length), Own(length));

    /// <summary>Takes shared memory of three parts.</summary>
    /// <param name="shared">Owned from now on.</param>
    public SnapshotVectors(long length, SharedMemory shared)
    {
        ArgumentNullException.ThrowIfNull(shared);
        Shared = shared;
        (Weights, FirstMoment, SecondMoment) = (Part(0), Part(1), Part(2));

        HostBuffer Part(int number) => new(shared.Address(SharedMemory.OffsetOf(number, length * sizeof(float))), length * sizeof(float),
            number == 0 ? shared : shared.Share());
    }

    public HostBuffer Weights { get; }

    public HostBuffer FirstMoment { get; }

    public HostBuffer SecondMoment { get; }

    /// <summary>What other processes map; null if it is memory of this process.</summary>
    public SharedMemory? Shared { get; }

    /// <summary>Allocates memory that other processes can map.</summary>
    /// <exception cref="IOException">The system has none.</exception>
    public static SnapshotVectors InSharedMemory(long length) => new(length, SharedMemory.Create(3, length * sizeof(float)));

    public void Dispose()
    {
        Weights.Dispose();
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }

    private static HostBuffer Own(long length) => new(length * sizeof(float));
}
