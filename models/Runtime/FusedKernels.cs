using System.Runtime.InteropServices;
using ActorTrain.Models.Numerics;
using static ActorTrain.Models.Kernels.NativeKernels;

namespace ActorTrain.Models.Runtime;

/// <summary>Whether the fused CPU kernels are there, which instruction set they use, and how their failures are told.</summary>
/// <remarks>Where the native library is missing or the device is not a CPU, the reference form of each layer runs instead.</remarks>
public static class FusedKernels
{
    private static bool available;

    /// <summary>Why the kernels are not available, in one sentence; null when they are, or before anyone asked.</summary>
    public static string? Missing { get; private set; }

    /// <summary>Whether the native library was found and this CPU can run it.</summary>
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

    /// <summary>Number of threads that kernels called from this thread use.</summary>
    public static void SetThreads(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        if (IsAvailable)
            ak_set_threads(threads);
    }

    /// <summary>Throws what the kernel that returned <paramref name="result"/> complained of, if it did.</summary>
    internal static void Check(int result)
    {
        if (result != 0)
            throw Failure();
    }

    internal static InvalidOperationException Failure() =>
        new("Fused kernel: " + (Marshal.PtrToStringUTF8(ak_error()) ?? "unknown failure"));

    /// <param name="portable">True pins code and blocking that all x86-64-v3 machines share, bit for bit; false takes the fastest.</param>
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
