namespace ActorTrain.Models.Storage;

/// <summary>Where the processes of this host find a <see cref="SharedMemory"/>.</summary>
/// <param name="Process">A process that has it open.</param>
/// <param name="Descriptor">Its file descriptor there.</param>
/// <param name="Length">In bytes, the first page included.</param>
/// <param name="Key">A random number in the first page: whoever opens other memory by mistake finds another.</param>
/// <param name="OtherKey">A second one.</param>
public readonly record struct SharedPlace(int Process, int Descriptor, long Length, ulong Key, ulong OtherKey);
