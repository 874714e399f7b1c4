using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;
using TorchSharp.Embedded;

[assembly: DisableRuntimeMarshalling]

namespace TorchSharp.Interop;

/// <summary>A number as the native library takes it: the bits of a double, an integer or a truth value.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct ScalarValue(long bits, int kind)
{
    public readonly long Bits = bits;
    public readonly int Kind = kind;
    private readonly int unused;

    public static ScalarValue Of(double value) => new(BitConverter.DoubleToInt64Bits(value), 1);
    public static ScalarValue Of(long value) => new(value, 0);
    public static ScalarValue Of(bool value) => new(value ? 1 : 0, 2);
}

/// <summary>One entry of an index expression; see native/indexing.cpp for the kinds.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IndexEntry
{
    public long Kind, Start, Stop, Step;
    public nint Tensor;
}

/// <summary>Hands a tensor to native code and keeps it alive until the call is over.</summary>
[CustomMarshaller(typeof(torch.Tensor), MarshalMode.ManagedToUnmanagedIn, typeof(TensorIn))]
[CustomMarshaller(typeof(torch.Tensor), MarshalMode.ManagedToUnmanagedOut, typeof(TensorOut))]
internal static class TensorMarshaller
{
    internal ref struct TensorIn
    {
        private torch.Tensor? tensor;
        public void FromManaged(torch.Tensor? managed) => tensor = managed;
        public readonly nint ToUnmanaged() => tensor is null ? 0 : tensor.Handle;
        public readonly void Free() => GC.KeepAlive(tensor);
    }

    /// <summary>Wraps a new handle; a null one means that the call failed on this thread.</summary>
    internal static class TensorOut
    {
        public static torch.Tensor ConvertToManaged(nint handle) => handle != 0 ? new torch.Tensor(handle) : throw NativeError.Take();
    }
}

/// <summary>A call's outcome where it returns no tensor: zero is failure.</summary>
internal enum Status
{
    Failed = 0,
    Done = 1,
}

/// <summary>Turns the native library's error of this thread into an exception.</summary>
internal static class NativeError
{
    public static void Check(this Status status)
    {
        if (status == Status.Failed) throw Take();
    }

    public static nint Check(this nint handle) => handle != 0 ? handle : throw Take();

    /// <summary>The exception for the last failure: the managed one that travelled through native code, or the library's own.</summary>
    public static unsafe Exception Take()
    {
        var text = Text(LibTorch.last_error()) ?? "libtorch failed without a message";
        return ManagedFailures.Find(text) ?? new ExternalException(text.TrimEnd());
    }

    public static unsafe string? Text(nint utf8) => utf8 == 0 ? null : Marshal.PtrToStringUTF8(utf8);
}

/// <summary>The native library's functions: a line each, in the order of the files that define them.</summary>
internal static unsafe partial class LibTorch
{
    internal const string Library = "actortrain_torch";

    static LibTorch() => NativeLibrary.SetDllImportResolver(typeof(LibTorch).Assembly, (name, _, _) => name == Library ? TorchRuntime.Load() : 0);
}
