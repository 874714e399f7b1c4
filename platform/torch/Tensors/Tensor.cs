using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>An n-dimensional array of one element type on one device; a reference to libtorch's tensor.</summary>
    [NativeMarshalling(typeof(TensorMarshaller))]
    public partial class Tensor : IDisposable
    {
        private nint handle;

        internal Tensor(nint handle)
        {
            this.handle = handle;
            DisposeScopeManager.ThreadSingleton.Current?.Hold(this);
        }

        /// <summary>The safety net for tensors that no scope held and nobody disposed of.</summary>
        ~Tensor() => Dispose(false);

        /// <summary>The scope that will dispose of this tensor, if any.</summary>
        internal DisposeScope? OwningDisposeScope { get; set; }

        /// <summary>The native tensor.</summary>
        /// <exception cref="InvalidOperationException">The tensor was disposed of.</exception>
        public IntPtr Handle
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => handle != 0 ? handle : throw new InvalidOperationException("Tensor invalid -- empty handle: it was disposed of or its dispose scope has ended.");
        }

        /// <summary>Whether the tensor was disposed of.</summary>
        public bool IsInvalid => handle == 0;

        /// <summary>Gives back this reference; memory is freed with the last one.</summary>
        public void Dispose()
        {
            OwningDisposeScope?.MarkAsDisposed(this);
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        /// <summary>Gives back the native reference, once.</summary>
        protected virtual void Dispose(bool disposing)
        {
            var mine = Interlocked.Exchange(ref handle, 0);
            if (mine != 0) LibTorch.tensor_free(mine);
        }

        internal static Tensor? Optional(nint handle) => handle == 0 ? null : new Tensor(handle);

        /// <summary>Takes the native tensor out of this object, which is invalid from then on.</summary>
        internal nint Release()
        {
            OwningDisposeScope?.MarkAsDisposed(this);
            return Interlocked.Exchange(ref handle, 0);
        }

        // ---- what it is ----

        /// <summary>The elements' type.</summary>
        public ScalarType dtype { get { var code = LibTorch.tensor_dtype(Handle); GC.KeepAlive(this); return (ScalarType)code; } }

        /// <summary>The kind of device the tensor is on.</summary>
        public DeviceType device_type { get { var code = LibTorch.tensor_device_type(Handle); GC.KeepAlive(this); return (DeviceType)code; } }

        /// <summary>The number of that device; −1 on the CPU.</summary>
        public int device_index { get { var index = LibTorch.tensor_device_index(Handle); GC.KeepAlive(this); return index; } }

        /// <summary>Where the tensor is.</summary>
        public Device device => new(device_type, device_index);

        /// <summary>Whether the tensor is on an NVIDIA GPU.</summary>
        public bool is_cuda => device_type == DeviceType.CUDA;

        /// <summary>Whether the tensor is in the processor's memory.</summary>
        public bool is_cpu() => device_type == DeviceType.CPU;

        /// <summary>The sizes of the dimensions, a new array at each reading.</summary>
        public long[] shape
        {
            get
            {
                var sizes = new long[ndim];
                unsafe
                {
                    fixed (long* first = sizes) LibTorch.tensor_shape(Handle, first);
                }

                GC.KeepAlive(this);
                return sizes;
            }
        }

        /// <summary>Number of dimensions.</summary>
        public long ndim { get { var count = LibTorch.tensor_ndim(Handle); GC.KeepAlive(this); return count; } }

        /// <summary>Number of dimensions.</summary>
        public long Dimensions => ndim;

        /// <summary>Number of dimensions.</summary>
        public long dim() => ndim;

        /// <summary>The product of the sizes.</summary>
        public long NumberOfElements { get { var count = LibTorch.tensor_numel(Handle); GC.KeepAlive(this); return count; } }

        /// <summary>The product of the sizes.</summary>
        public long numel() => NumberOfElements;

        /// <summary>Bytes per element.</summary>
        public long ElementSize { get { var size = LibTorch.tensor_element_size(Handle); GC.KeepAlive(this); return size; } }

        /// <summary>Bytes per element.</summary>
        public long element_size() => ElementSize;

        /// <summary>The sizes of the dimensions.</summary>
        public Size size() => new(shape);

        /// <summary>The size of one dimension, counted from the last where negative; throws <see cref="ArgumentOutOfRangeException"/> outside.</summary>
        public long size(int dim)
        {
            var sizes = shape;
            var at = dim < 0 ? dim + sizes.Length : dim;
            if ((uint)at >= (uint)sizes.Length)
                throw new ArgumentOutOfRangeException(nameof(dim), dim, $"The tensor has {sizes.Length} dimensions: [{string.Join(", ", sizes)}].");
            return sizes[at];
        }

        /// <summary>Per dimension, how many elements of memory lie between neighbours.</summary>
        public long[] stride()
        {
            var strides = new long[ndim];
            unsafe
            {
                fixed (long* first = strides) LibTorch.tensor_strides(Handle, first);
            }

            GC.KeepAlive(this);
            return strides;
        }

        /// <summary>How many elements of memory lie between neighbours along one dimension.</summary>
        public long stride(long dim)
        {
            var strides = stride();
            return strides[dim < 0 ? dim + strides.Length : dim];
        }

        /// <summary>Where in its memory the tensor begins, in elements.</summary>
        public long storage_offset() { var offset = LibTorch.tensor_storage_offset(Handle); GC.KeepAlive(this); return offset; }

        /// <summary>Whether the elements lie in row-major order without gaps.</summary>
        public bool is_contiguous() { var yes = LibTorch.tensor_is_contiguous(Handle) != 0; GC.KeepAlive(this); return yes; }

        /// <summary>Whether the elements are floating-point numbers.</summary>
        public bool is_floating_point() => torch.is_floating_point(dtype);

        /// <summary>Whether the elements are integers or truth values.</summary>
        public bool is_integral() => torch.is_integral(dtype);

        // ---- its elements ----

        /// <summary>The elements as bytes, in memory order; the tensor must be contiguous and on the CPU.</summary>
        public unsafe Span<byte> bytes
        {
            get
            {
                if (!is_contiguous()) throw new NotImplementedException("Bytes() called on non-contiguous tensor.");
                var length = NumberOfElements * ElementSize;
                return length == 0 ? [] : new Span<byte>((void*)Data(), checked((int)length));
            }
            set => value.CopyTo(bytes.Length == value.Length ? bytes : throw new ArgumentException("Mismatched data sizes in SetBytes()."));
        }

        /// <summary>The elements, read and written in place; the tensor must be on the CPU and hold <typeparamref name="T"/>.</summary>
        public Utils.TensorAccessor<T> data<T>() where T : unmanaged
        {
            Expect<T>();
            return new Utils.TensorAccessor<T>(this);
        }

        /// <summary>The only element; throws where <c>T</c> is not its type or there are more or fewer.</summary>
        public T item<T>() where T : unmanaged
        {
            Expect<T>();
            var value = Element();
            if (typeof(T) == typeof(float)) return Unsafe.BitCast<float, T>((float)value.Number());
            if (typeof(T) == typeof(double)) return Unsafe.BitCast<double, T>(value.Number());
            if (typeof(T) == typeof(Half)) return Unsafe.BitCast<Half, T>((Half)value.Number());
            if (typeof(T) == typeof(BFloat16)) return Unsafe.BitCast<BFloat16, T>((BFloat16)(float)value.Number());
            if (typeof(T) == typeof(long)) return Unsafe.BitCast<long, T>(value.Integer());
            if (typeof(T) == typeof(int)) return Unsafe.BitCast<int, T>((int)value.Integer());
            if (typeof(T) == typeof(short)) return Unsafe.BitCast<short, T>((short)value.Integer());
            if (typeof(T) == typeof(sbyte)) return Unsafe.BitCast<sbyte, T>((sbyte)value.Integer());
            if (typeof(T) == typeof(byte)) return Unsafe.BitCast<byte, T>((byte)value.Integer());
            return Unsafe.BitCast<bool, T>(value.Bits != 0);
        }

        /// <summary>The only element as an operand; throws where there are more or fewer.</summary>
        public Scalar ToScalar() => new(Element());

        internal unsafe ScalarValue Element()
        {
            ScalarValue value;
            LibTorch.tensor_item(Handle, &value).Check();
            GC.KeepAlive(this);
            return value;
        }

        internal nint Data()
        {
            if (device_type != DeviceType.CPU) throw new InvalidOperationException("Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
            var address = LibTorch.tensor_data(Handle);
            GC.KeepAlive(this);
            return address;
        }

        private void Expect<T>()
        {
            var wanted = typeof(T) == typeof(float) ? ScalarType.Float32
                : typeof(T) == typeof(double) ? ScalarType.Float64
                : typeof(T) == typeof(long) ? ScalarType.Int64
                : typeof(T) == typeof(int) ? ScalarType.Int32
                : typeof(T) == typeof(short) ? ScalarType.Int16
                : typeof(T) == typeof(sbyte) ? ScalarType.Int8
                : typeof(T) == typeof(byte) ? ScalarType.Byte
                : typeof(T) == typeof(bool) ? ScalarType.Bool
                : typeof(T) == typeof(Half) ? ScalarType.Float16
                : typeof(T) == typeof(BFloat16) ? ScalarType.BFloat16
                : throw new ArgumentException($"{typeof(T).Name} is no element type");
            if (dtype != wanted) throw new ArgumentException($"Trying to convert a {dtype} tensor to {typeof(T).Name}.");
        }
    }
}

/// <summary>Conversions of one-element tensors to numbers.</summary>
public static class TensorExtensionMethods
{
    /// <summary>The only element as float32; throws where the tensor holds more or fewer.</summary>
    public static float ToSingle(this torch.Tensor value) => (float)value.Element().Number();
    /// <summary>The only element as float64; throws where the tensor holds more or fewer.</summary>
    public static double ToDouble(this torch.Tensor value) => value.Element().Number();
    /// <summary>The only element as an integer, a fraction cut off; throws where the tensor holds more or fewer.</summary>
    public static long ToInt64(this torch.Tensor value) => value.Element().Integer();
    /// <summary>The only element as an integer, a fraction cut off; throws where it does not fit or is not the only one.</summary>
    public static int ToInt32(this torch.Tensor value) => checked((int)value.Element().Integer());
    /// <summary>Whether the only element is not 0; throws where the tensor holds more or fewer.</summary>
    public static bool ToBoolean(this torch.Tensor value) => value.Element().Number() != 0;
    /// <summary>A tensor of the given shape with a copy of the array's elements, whatever <c>doCopy</c> says.</summary>
    public static torch.Tensor ToTensor<T>(this T[] array, long[] dimensions, bool doCopy = false, bool requires_grad = false) where T : unmanaged =>
        torch.FromData<T>(array, dimensions, null, null, requires_grad);
}
