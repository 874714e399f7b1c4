using System.Runtime.InteropServices;
using ActorTrain.Models.Numerics;
using static ActorTrain.Models.Kernels.NativeKernels;

namespace ActorTrain.Models.Runtime;

/// <summary>The fused CPU kernels: availability, instruction set, and error handling.</summary>
/// <remarks>If the native library is missing or the device is not a CPU, the reference form of each layer runs instead.</remarks>
public static class FusedKernels
{
    private static bool available;

    /// <summary>Why the kernels are not available, in one sentence; null if they are, or before the first query.</summary>
    public static string? Missing { get; private set; }

    /// <summary>Whether the native library was found and this CPU supports it.</summary>
    public static bool IsAvailable
    {
        get
        {
            NativeRuntime.Ensure();
            return available;
        }
    }

    /// <summary>Instruction set, such as <c>x86-64-v4+bf16</c>, or <see cref="NumericFingerprint.NoKernels"/>.</summary>
    public static string Description => IsAvailable ? Marshal.PtrToStringUTF8(ak_description()) ?? "" : NumericFingerprint.NoKernels;

    /// <summary>For kernels called from this thread.</summary>
    public static void SetThreads(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        if (IsAvailable)
            ak_set_threads(threads);
    }

    /// <summary>Throws the error of the kernel that returned <paramref name="result"/>, if any.</summary>
    internal static void Check(int result)
    {
        if (result != 0)
            throw Failure();
    }

    internal static InvalidOperationException Failure() =>
        new("Fused kernel: " + (Marshal.PtrToStringUTF8(ak_error()) ?? "unknown failure"));

    /// <param name="portable">Whether to pin code and blocking common to all x86-64-v3 machines, bit for bit; else the fastest.</param>
    internal static void Load(bool portable)
    {
        try
        {
            available = ak_configure(portable ? 1 : 0) == 0;
            if (!available)
                Missing = Marshal.PtrToStringUTF8(ak_error());
        }
        catch (DllNotFoundException)
        {
            Missing = "libactortrain_kernels.so is missing; build it with `make setup`.";
        }
    }
}
