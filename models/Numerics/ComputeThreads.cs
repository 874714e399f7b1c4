using ActorTrain.Models.Kernels;
using static TorchSharp.torch;

namespace ActorTrain.Models.Numerics;

/// <summary>How many threads computations use. OpenMP keeps the number per calling thread, so each thread that computes sets its own.</summary>
public static class ComputeThreads
{
    /// <summary>Sets the number of threads that tensor operations and fused kernels called from this thread use.</summary>
    public static void Set(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);

        // The first question of a thread gives it the number that was set last by any thread; after it, its own stays.
        _ = get_num_threads();
        set_num_threads(threads);
        FusedKernels.SetThreads(threads);
    }
}
