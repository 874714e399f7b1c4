using static TorchSharp.torch;

namespace ActorTrain.Models.Runtime;

/// <summary>How many threads computations use. The number belongs to the calling thread, so each thread that computes sets its
/// own.</summary>
/// <remarks>The fused kernels give the same bits on any number. libtorch does not: a norm's weight gradient, a long sum, the inner
/// dimension of a product and the ends of vectors in elementwise operations are cut by its threads. So gradients, updates and losses are
/// computed under <see cref="OneForTorch"/>; text is generated on all threads.</remarks>
public static class ComputeThreads
{
    /// <summary>Sets the number of threads that tensor operations and fused kernels called from this thread use.</summary>
    public static void Set(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        SetTorch(threads);
        FusedKernels.SetThreads(threads);
    }

    /// <summary>Has tensor operations that are called from this thread run on it alone until the result is disposed of, on the same thread;
    /// fused kernels use as many threads as ever.</summary>
    internal static TorchThreads OneForTorch() => new(SetTorch(1));

    // Returns the number of before. The first question of a thread gives it the number that was set last by any thread; after it, its own
    // stays.
    private static int SetTorch(int threads)
    {
        var before = get_num_threads();
        set_num_threads(threads);
        return before;
    }

    /// <summary>Puts the number of before back.</summary>
    internal readonly ref struct TorchThreads(int before)
    {
        public void Dispose() => SetTorch(before);
    }
}
