using TorchSharp.Interop;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

// New tensors. Where dtype is not given it is the default type, float32, or follows the argument.
public static partial class torch
{
    private static ScalarType defaultType = ScalarType.Float32;

    /// <summary>Sets the type that floating-point tensors get where none is asked for; float32 at first.</summary>
    public static void set_default_dtype(ScalarType dtype) => defaultType = dtype;

    /// <summary>The type that floating-point tensors get where none is asked for.</summary>
    public static ScalarType get_default_dtype() => defaultType;

    /// <summary>A tensor of the given shape whose elements are undefined until written.</summary>
    public static unsafe Tensor empty(ReadOnlySpan<long> size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
    {
        fixed (long* d = size) return tensor_empty(d, size.Length, (int)(dtype ?? defaultType), Kind(device), Index(device), requires_grad ? 1 : 0);
    }

    /// <summary>Zeros of the given shape.</summary>
    public static unsafe Tensor zeros(ReadOnlySpan<long> size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
    {
        fixed (long* d = size) return tensor_zeros(d, size.Length, (int)(dtype ?? defaultType), Kind(device), Index(device), requires_grad ? 1 : 0);
    }

    /// <summary>Ones of the given shape.</summary>
    public static unsafe Tensor ones(ReadOnlySpan<long> size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
    {
        fixed (long* d = size) return tensor_ones(d, size.Length, (int)(dtype ?? defaultType), Kind(device), Index(device), requires_grad ? 1 : 0);
    }

    /// <summary>The value everywhere of the given shape; of the value's kind unless <c>dtype</c> says otherwise.</summary>
    public static unsafe Tensor full(ReadOnlySpan<long> size, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
    {
        fixed (long* d = size) return tensor_full(d, size.Length, value.Value, (int)(dtype ?? Natural(value)), Kind(device), Index(device), requires_grad ? 1 : 0);
    }

    /// <summary>Uniform numbers from [0, 1) of the given shape.</summary>
    public static unsafe Tensor rand(ReadOnlySpan<long> size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
    {
        fixed (long* d = size) return Drawn(tensor_rand(d, size.Length, Source(generator), (int)(dtype ?? defaultType), Kind(device), Index(device), requires_grad ? 1 : 0), generator);
    }

    /// <summary>Standard normal numbers of the given shape.</summary>
    public static unsafe Tensor randn(ReadOnlySpan<long> size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
    {
        fixed (long* d = size) return Drawn(tensor_randn(d, size.Length, Source(generator), (int)(dtype ?? defaultType), Kind(device), Index(device), requires_grad ? 1 : 0), generator);
    }

    /// <summary>Whole numbers from low up to, not including, high, of the given shape; int64 unless asked otherwise.</summary>
    public static unsafe Tensor randint(long low, long high, Size size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
    {
        fixed (long* d = size.AsSpan()) return Drawn(tensor_randint(low, high, d, size.Length, Source(generator), (int)(dtype ?? ScalarType.Int64), Kind(device), Index(device), requires_grad ? 1 : 0), generator);
    }

    /// <summary>Whole numbers from 0 up to, not including, high, of the given shape; int64 unless asked otherwise.</summary>
    public static Tensor randint(long high, Size size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null) =>
        randint(0, high, size, dtype, device, requires_grad, generator);

    /// <summary>The numbers 0 to n − 1 in random order, int64 unless asked otherwise.</summary>
    public static Tensor randperm(long n, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        Drawn(tensor_randperm(n, Source(generator), (int)(dtype ?? ScalarType.Int64), Kind(device), Index(device), requires_grad ? 1 : 0), generator);

    /// <summary>A tensor of the given shape whose elements are undefined until written.</summary>
    public static Tensor empty(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => empty((ReadOnlySpan<long>)size, dtype, device, requires_grad);
    /// <summary>A tensor of the given shape whose elements are undefined until written.</summary>
    public static Tensor empty(Size size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => empty(size.AsSpan(), dtype, device, requires_grad);
    /// <summary>A tensor [size] whose elements are undefined until written.</summary>
    public static Tensor empty(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => empty([size], dtype, device, requires_grad);
    /// <summary>A tensor [rows, columns] whose elements are undefined until written.</summary>
    public static Tensor empty(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => empty([rows, columns], dtype, device, requires_grad);
    /// <summary>A tensor [dim0, dim1, dim2] whose elements are undefined until written.</summary>
    public static Tensor empty(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => empty([dim0, dim1, dim2], dtype, device, requires_grad);
    /// <summary>A tensor [dim0, dim1, dim2, dim3] whose elements are undefined until written.</summary>
    public static Tensor empty(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => empty([dim0, dim1, dim2, dim3], dtype, device, requires_grad);
    /// <summary>Zeros of the given shape.</summary>
    public static Tensor zeros(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => zeros((ReadOnlySpan<long>)size, dtype, device, requires_grad);
    /// <summary>Zeros of the given shape.</summary>
    public static Tensor zeros(Size size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => zeros(size.AsSpan(), dtype, device, requires_grad);
    /// <summary>Zeros [size].</summary>
    public static Tensor zeros(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => zeros([size], dtype, device, requires_grad);
    /// <summary>Zeros [rows, columns].</summary>
    public static Tensor zeros(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => zeros([rows, columns], dtype, device, requires_grad);
    /// <summary>Zeros [dim0, dim1, dim2].</summary>
    public static Tensor zeros(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => zeros([dim0, dim1, dim2], dtype, device, requires_grad);
    /// <summary>Zeros [dim0, dim1, dim2, dim3].</summary>
    public static Tensor zeros(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => zeros([dim0, dim1, dim2, dim3], dtype, device, requires_grad);
    /// <summary>Ones of the given shape.</summary>
    public static Tensor ones(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => ones((ReadOnlySpan<long>)size, dtype, device, requires_grad);
    /// <summary>Ones of the given shape.</summary>
    public static Tensor ones(Size size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => ones(size.AsSpan(), dtype, device, requires_grad);
    /// <summary>Ones [size].</summary>
    public static Tensor ones(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => ones([size], dtype, device, requires_grad);
    /// <summary>Ones [rows, columns].</summary>
    public static Tensor ones(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => ones([rows, columns], dtype, device, requires_grad);
    /// <summary>Ones [dim0, dim1, dim2].</summary>
    public static Tensor ones(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => ones([dim0, dim1, dim2], dtype, device, requires_grad);
    /// <summary>Ones [dim0, dim1, dim2, dim3].</summary>
    public static Tensor ones(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => ones([dim0, dim1, dim2, dim3], dtype, device, requires_grad);
    /// <summary>The value everywhere of the given shape; of the value's kind unless <c>dtype</c> says otherwise.</summary>
    public static Tensor full(long[] size, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => full((ReadOnlySpan<long>)size, value, dtype, device, requires_grad);
    /// <summary>The value everywhere [size]; of the value's kind unless <c>dtype</c> says otherwise.</summary>
    public static Tensor full(long size, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => full([size], value, dtype, device, requires_grad);
    /// <summary>The value everywhere [rows, columns]; of the value's kind unless <c>dtype</c> says otherwise.</summary>
    public static Tensor full(long rows, long columns, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => full([rows, columns], value, dtype, device, requires_grad);
    /// <summary>Uniform numbers from [0, 1) of the given shape.</summary>
    public static Tensor rand(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null) => rand((ReadOnlySpan<long>)size, dtype, device, requires_grad, generator);
    /// <summary>Uniform numbers from [0, 1) [size].</summary>
    public static Tensor rand(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null) => rand([size], dtype, device, requires_grad, generator);
    /// <summary>Uniform numbers from [0, 1) [rows, columns].</summary>
    public static Tensor rand(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null) => rand([rows, columns], dtype, device, requires_grad, generator);
    /// <summary>Uniform numbers from [0, 1) [dim0, dim1, dim2].</summary>
    public static Tensor rand(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null) => rand([dim0, dim1, dim2], dtype, device, requires_grad, generator);
    /// <summary>Uniform numbers from [0, 1) [dim0, dim1, dim2, dim3].</summary>
    public static Tensor rand(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null) => rand([dim0, dim1, dim2, dim3], dtype, device, requires_grad, generator);
    /// <summary>Standard normal numbers of the given shape.</summary>
    public static Tensor randn(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null) => randn((ReadOnlySpan<long>)size, dtype, device, requires_grad, generator);
    /// <summary>Standard normal numbers [size].</summary>
    public static Tensor randn(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null) => randn([size], dtype, device, requires_grad, generator);
    /// <summary>Standard normal numbers [rows, columns].</summary>
    public static Tensor randn(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null) => randn([rows, columns], dtype, device, requires_grad, generator);
    /// <summary>Standard normal numbers [dim0, dim1, dim2].</summary>
    public static Tensor randn(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null) => randn([dim0, dim1, dim2], dtype, device, requires_grad, generator);
    /// <summary>Standard normal numbers [dim0, dim1, dim2, dim3].</summary>
    public static Tensor randn(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null) => randn([dim0, dim1, dim2, dim3], dtype, device, requires_grad, generator);

    /// <summary>0, 1, .. up to, not including, stop; int64 where stop is an integer.</summary>
    public static Tensor arange(Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => arange(0L, stop, 1L, dtype, device, requires_grad);

    /// <summary>start, start + 1, .. up to, not including, stop; int64 where both are integers.</summary>
    public static Tensor arange(Scalar start, Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        arange(start, stop, 1L, dtype, device, requires_grad);

    /// <summary>start, start + step, .. up to, not including, stop; int64 where all three are integers.</summary>
    public static Tensor arange(Scalar start, Scalar stop, Scalar step, ScalarType? dtype = null, Device? device = null, bool requires_grad = false)
    {
        var type = dtype ?? (start.Value.Kind == 1 || stop.Value.Kind == 1 || step.Value.Kind == 1 ? defaultType : ScalarType.Int64);
        return tensor_arange(start.Value, stop.Value, step.Value, (int)type, Kind(device), Index(device), requires_grad ? 1 : 0);
    }

    /// <summary><c>steps</c> values evenly spaced from start to end, both included.</summary>
    public static Tensor linspace(double start, double end, long steps, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        tensor_linspace(ScalarValue.Of(start), ScalarValue.Of(end), steps, (int)(dtype ?? defaultType), Kind(device), Index(device), requires_grad ? 1 : 0);

    /// <summary>The identity [rows, columns]: ones on the diagonal; columns −1: as many as rows.</summary>
    public static Tensor eye(long rows, long columns = -1L, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        tensor_eye(rows, columns < 0 ? rows : columns, (int)(dtype ?? defaultType), Kind(device), Index(device), requires_grad ? 1 : 0);

    /// <summary>A tensor of input's shape, type and device, its elements undefined.</summary>
    public static Tensor empty_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        tensor_empty_like(input, (int)(dtype ?? input.dtype), Kind(device ?? input.device), Index(device ?? input.device), requires_grad ? 1 : 0);

    /// <summary>Zeros of input's shape, type and device.</summary>
    public static Tensor zeros_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        tensor_zeros_like(input, (int)(dtype ?? input.dtype), Kind(device ?? input.device), Index(device ?? input.device), requires_grad ? 1 : 0);

    /// <summary>Ones of input's shape, type and device.</summary>
    public static Tensor ones_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        tensor_ones_like(input, (int)(dtype ?? input.dtype), Kind(device ?? input.device), Index(device ?? input.device), requires_grad ? 1 : 0);

    /// <summary>A tensor of input's shape, type and device, filled with the value.</summary>
    public static Tensor full_like(Tensor input, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        tensor_full_like(input, value.Value, (int)(dtype ?? input.dtype), Kind(device ?? input.device), Index(device ?? input.device), requires_grad ? 1 : 0);

    /// <summary>Uniform numbers from [0, 1) of input's shape, type and device.</summary>
    public static Tensor rand_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        rand(input.shape, dtype ?? input.dtype, device ?? input.device, requires_grad);

    /// <summary>Standard normal numbers of input's shape, type and device.</summary>
    public static Tensor randn_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        randn(input.shape, dtype ?? input.dtype, device ?? input.device, requires_grad);

    private static ScalarType Natural(Scalar value) => value.Value.Kind switch { 0 => ScalarType.Int64, 1 => defaultType, _ => ScalarType.Bool };

    private static int Kind(Device? device) => (int)(device?.type ?? DeviceType.CPU);

    private static int Index(Device? device) => device is null || device.type == DeviceType.CPU ? -1 : device.index;

    private static nint Source(Generator? generator) => generator?.Handle ?? 0;

    private static Tensor Drawn(Tensor tensor, Generator? generator)
    {
        GC.KeepAlive(generator);
        return tensor;
    }
}
