using static ActorTrain.Models.Kernels.NativeKernels;

namespace ActorTrain.Models.Runtime;

/// <summary>The rate at which this machine reads memory that no cache holds, as reference for passes over weights.</summary>
public static class MemoryRate
{
    /// <summary>Bytes per second, with the threads that the kernels have on this thread: the best of one and of many streams, and of some
    /// repeats. <c>make bench-kernels</c> measures the same.</summary>
    /// <exception cref="InvalidOperationException">There are no kernels, or too little memory.</exception>
    public static double Read(int repeats = 5)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(repeats, 1);
        if (!FusedKernels.IsAvailable)
            throw new InvalidOperationException(FusedKernels.Missing);
        var rate = ak_memory_rate(writes: 0, repeats);
        return double.IsNaN(rate) ? throw FusedKernels.Failure() : rate;
    }
}
