using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ActorTrain.Models.Runtime;
using static TorchSharp.torch;

namespace ActorTrain.Models.Storage;

/// <summary>Tensors over memory that others own.</summary>
public static unsafe partial class TensorMemory
{
    /// <summary>A float32 vector on the CPU over memory that must stay until all its views are disposed of. In no dispose scope.</summary>
    /// <param name="address">A multiple of 64.</param>
    /// <param name="count">Elements.</param>
    public static Tensor Vector(nint address, long count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (address % 64 != 0)
            throw new ArgumentException("A vector begins at a multiple of 64 bytes.", nameof(address));
        NativeRuntime.Ensure();
        var handle = New(address, &Keep, &count, 1, (sbyte)ScalarType.Float32, (sbyte)ScalarType.Float32, deviceType: 0, deviceIndex: -1,
            requiresGradient: 0);
        return handle != 0 ? Tensor.UnsafeCreateTensor(handle).DetachFromDisposeScope()
            : throw new InvalidOperationException($"libtorch makes no tensor of {count} elements over memory at {address:x}.");
    }

    // The memory has another owner.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Keep(nint memory)
    {
    }

    // TorchSharp has it, but passes only managed arrays.
    [LibraryImport("LibTorchSharp", EntryPoint = "THSTensor_new")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    private static partial nint New(nint memory, delegate* unmanaged[Cdecl]<nint, void> deleter, long* sizes, int dimensions,
        sbyte type, sbyte converted, int deviceType, int deviceIndex, byte requiresGradient);
}
