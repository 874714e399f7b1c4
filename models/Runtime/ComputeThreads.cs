using static TorchSharp.torch;

namespace ActorTrain.Models.Runtime;

/// <summary>The number of threads for computations. It belongs to the calling thread, so each thread that computes sets its own.</summary>
/// <remarks>The fused kernels give the same bits on any number. libtorch does not: a norm's weight gradient, a long sum, the inner
/// dimension of a product and the ends of vectors in elementwise operations depend on its threads. So gradients, updates and losses are
/// computed under <see cref="OneForTorch"/>; text is generated on all threads.</remarks>
public static class ComputeThreads
{
    /// <summary>For tensor operations and fused kernels called from this thread.</summary>
    public static void Set(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        SetTorch(threads);
        FusedKernels.SetThreads(threads);
    }

    /// <summary>Restricts tensor operations called from this thread to one thread until the result is disposed of, on the same thread;
    /// fused kernels are not affected.</summary>
    internal static TorchThreads OneForTorch() => new(SetTorch(1));

    // Returns the previous number. The first query on a thread returns the number last set by any thread; later ones its own.
    private static int SetTorch(int threads)
    {
        var before = get_num_threads();
        set_num_threads(threads);
        return before;
    }

    /// <summary>Restores the previous number.</summary>
    internal readonly ref struct TorchThreads(int before)
    {
        public void Dispose() => SetTorch(before);
    }
}
