namespace TorchSharp;

// torch.tensor for each element type: one value, a list with an optional shape, arrays of two to four dimensions.
public static partial class torch
{
    /// <summary>The number as a float32 tensor without dimensions.</summary>
    public static Tensor tensor(float scalar, Device? device = null, bool requires_grad = false) => FromData<float>([scalar], [], null, device, requires_grad);
    /// <summary>A copy of the elements in one dimension; float32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<float> rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<float>(rawArray as float[] ?? rawArray.ToArray(), [rawArray.Count], dtype, device, requires_grad);
    /// <summary>A copy of the elements in one dimension; float32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(float[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<float>(rawArray, [rawArray.LongLength], dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; float32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<float> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<float>(rawArray as float[] ?? rawArray.ToArray(), dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; float32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(float[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<float>(rawArray, dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; float32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(Memory<float> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<float>(rawArray.Span, dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the array, [rows, columns]; float32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(float[,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<float>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the array, of its own three sizes; float32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(float[,,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<float>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the array, of its own four sizes; float32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(float[,,,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<float>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the list as rows of a matrix [rows, columns]; float32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<float> rawArray, long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<float>(rawArray as float[] ?? rawArray.ToArray(), [rows, columns], dtype, device, requires_grad);
    /// <summary>The number as a tensor without dimensions; float64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(double scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromData<double>([scalar], [], dtype, device, requires_grad);
    /// <summary>A copy of the elements in one dimension; float64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<double> rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<double>(rawArray as double[] ?? rawArray.ToArray(), [rawArray.Count], dtype, device, requires_grad);
    /// <summary>A copy of the elements in one dimension; float64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(double[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<double>(rawArray, [rawArray.LongLength], dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; float64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<double> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<double>(rawArray as double[] ?? rawArray.ToArray(), dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; float64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(double[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<double>(rawArray, dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; float64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(Memory<double> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<double>(rawArray.Span, dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the array, [rows, columns]; float64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(double[,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<double>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the array, of its own three sizes; float64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(double[,,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<double>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the array, of its own four sizes; float64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(double[,,,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<double>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the list as rows of a matrix [rows, columns]; float64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<double> rawArray, long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<double>(rawArray as double[] ?? rawArray.ToArray(), [rows, columns], dtype, device, requires_grad);
    /// <summary>The number as a tensor without dimensions; int64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(long scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromData<long>([scalar], [], dtype, device, requires_grad);
    /// <summary>A copy of the elements in one dimension; int64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<long> rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<long>(rawArray as long[] ?? rawArray.ToArray(), [rawArray.Count], dtype, device, requires_grad);
    /// <summary>A copy of the elements in one dimension; int64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(long[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<long>(rawArray, [rawArray.LongLength], dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; int64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<long> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<long>(rawArray as long[] ?? rawArray.ToArray(), dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; int64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(long[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<long>(rawArray, dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; int64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(Memory<long> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<long>(rawArray.Span, dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the array, [rows, columns]; int64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(long[,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<long>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the array, of its own three sizes; int64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(long[,,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<long>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the array, of its own four sizes; int64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(long[,,,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<long>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the list as rows of a matrix [rows, columns]; int64 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<long> rawArray, long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<long>(rawArray as long[] ?? rawArray.ToArray(), [rows, columns], dtype, device, requires_grad);
    /// <summary>The number as an int32 tensor without dimensions.</summary>
    public static Tensor tensor(int scalar, Device? device = null, bool requires_grad = false) => FromData<int>([scalar], [], null, device, requires_grad);
    /// <summary>A copy of the elements in one dimension; int32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<int> rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<int>(rawArray as int[] ?? rawArray.ToArray(), [rawArray.Count], dtype, device, requires_grad);
    /// <summary>A copy of the elements in one dimension; int32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(int[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<int>(rawArray, [rawArray.LongLength], dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; int32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<int> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<int>(rawArray as int[] ?? rawArray.ToArray(), dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; int32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(int[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<int>(rawArray, dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; int32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(Memory<int> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<int>(rawArray.Span, dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the array, [rows, columns]; int32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(int[,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<int>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the array, of its own three sizes; int32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(int[,,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<int>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the array, of its own four sizes; int32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(int[,,,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<int>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the list as rows of a matrix [rows, columns]; int32 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<int> rawArray, long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<int>(rawArray as int[] ?? rawArray.ToArray(), [rows, columns], dtype, device, requires_grad);
    /// <summary>The number as an int16 tensor without dimensions.</summary>
    public static Tensor tensor(short scalar, Device? device = null, bool requires_grad = false) => FromData<short>([scalar], [], null, device, requires_grad);
    /// <summary>A copy of the elements in one dimension; int16 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<short> rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<short>(rawArray as short[] ?? rawArray.ToArray(), [rawArray.Count], dtype, device, requires_grad);
    /// <summary>A copy of the elements in one dimension; int16 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(short[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<short>(rawArray, [rawArray.LongLength], dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; int16 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<short> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<short>(rawArray as short[] ?? rawArray.ToArray(), dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; int16 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(short[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<short>(rawArray, dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; int16 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(Memory<short> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<short>(rawArray.Span, dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the array, [rows, columns]; int16 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(short[,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<short>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the array, of its own three sizes; int16 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(short[,,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<short>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the array, of its own four sizes; int16 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(short[,,,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<short>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the list as rows of a matrix [rows, columns]; int16 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<short> rawArray, long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<short>(rawArray as short[] ?? rawArray.ToArray(), [rows, columns], dtype, device, requires_grad);
    /// <summary>The number as an int8 tensor without dimensions.</summary>
    public static Tensor tensor(sbyte scalar, Device? device = null, bool requires_grad = false) => FromData<sbyte>([scalar], [], null, device, requires_grad);
    /// <summary>A copy of the elements in one dimension; int8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<sbyte> rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<sbyte>(rawArray as sbyte[] ?? rawArray.ToArray(), [rawArray.Count], dtype, device, requires_grad);
    /// <summary>A copy of the elements in one dimension; int8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(sbyte[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<sbyte>(rawArray, [rawArray.LongLength], dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; int8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<sbyte> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<sbyte>(rawArray as sbyte[] ?? rawArray.ToArray(), dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; int8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(sbyte[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<sbyte>(rawArray, dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; int8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(Memory<sbyte> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<sbyte>(rawArray.Span, dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the array, [rows, columns]; int8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(sbyte[,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<sbyte>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the array, of its own three sizes; int8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(sbyte[,,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<sbyte>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the array, of its own four sizes; int8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(sbyte[,,,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<sbyte>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the list as rows of a matrix [rows, columns]; int8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<sbyte> rawArray, long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<sbyte>(rawArray as sbyte[] ?? rawArray.ToArray(), [rows, columns], dtype, device, requires_grad);
    /// <summary>The number as a uint8 tensor without dimensions.</summary>
    public static Tensor tensor(byte scalar, Device? device = null, bool requires_grad = false) => FromData<byte>([scalar], [], null, device, requires_grad);
    /// <summary>A copy of the elements in one dimension; uint8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<byte> rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<byte>(rawArray as byte[] ?? rawArray.ToArray(), [rawArray.Count], dtype, device, requires_grad);
    /// <summary>A copy of the elements in one dimension; uint8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(byte[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<byte>(rawArray, [rawArray.LongLength], dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; uint8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<byte> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<byte>(rawArray as byte[] ?? rawArray.ToArray(), dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; uint8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(byte[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<byte>(rawArray, dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; uint8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(Memory<byte> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<byte>(rawArray.Span, dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the array, [rows, columns]; uint8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(byte[,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<byte>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the array, of its own three sizes; uint8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(byte[,,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<byte>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the array, of its own four sizes; uint8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(byte[,,,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<byte>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the list as rows of a matrix [rows, columns]; uint8 unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<byte> rawArray, long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<byte>(rawArray as byte[] ?? rawArray.ToArray(), [rows, columns], dtype, device, requires_grad);
    /// <summary>The number as a tensor without dimensions; bool unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(bool scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromData<bool>([scalar], [], dtype, device, requires_grad);
    /// <summary>A copy of the elements in one dimension; bool unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<bool> rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<bool>(rawArray as bool[] ?? rawArray.ToArray(), [rawArray.Count], dtype, device, requires_grad);
    /// <summary>A copy of the elements in one dimension; bool unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(bool[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<bool>(rawArray, [rawArray.LongLength], dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; bool unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<bool> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<bool>(rawArray as bool[] ?? rawArray.ToArray(), dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; bool unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(bool[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<bool>(rawArray, dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the elements in row-major order, of the given shape; throws where their number does not fit; bool unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(Memory<bool> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<bool>(rawArray.Span, dimensions, dtype, device, requires_grad);
    /// <summary>A copy of the array, [rows, columns]; bool unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(bool[,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<bool>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the array, of its own three sizes; bool unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(bool[,,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<bool>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the array, of its own four sizes; bool unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(bool[,,,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromArray<bool>(rawArray, dtype, device, requires_grad);
    /// <summary>A copy of the list as rows of a matrix [rows, columns]; bool unless <c>dtype</c> says otherwise.</summary>
    public static Tensor tensor(IList<bool> rawArray, long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => FromData<bool>(rawArray as bool[] ?? rawArray.ToArray(), [rows, columns], dtype, device, requires_grad);
}
