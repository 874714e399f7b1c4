namespace TorchSharp;

/// <summary>Kinds of device, with libtorch's codes.</summary>
public enum DeviceType
{
    /// <summary>The processor and its memory.</summary>
    CPU = 0,
    /// <summary>An NVIDIA GPU.</summary>
    CUDA = 1,
    /// <summary>An Apple GPU.</summary>
    MPS = 13,
    /// <summary>Shapes without memory.</summary>
    META = 14,
}

public static partial class torch
{
    /// <summary>Element types, with libtorch's codes.</summary>
    public enum ScalarType : sbyte
    {
        /// <summary>Unsigned 8-bit integer.</summary>
        Byte = 0,
        /// <summary>Signed 8-bit integer.</summary>
        Int8 = 1,
        /// <summary>Signed 16-bit integer.</summary>
        Int16 = 2,
        /// <summary>Signed 32-bit integer.</summary>
        Int32 = 3,
        /// <summary>Signed 64-bit integer.</summary>
        Int64 = 4,
        /// <summary>IEEE half precision: 5 bits of exponent, 10 of fraction.</summary>
        Float16 = 5,
        /// <summary>IEEE single precision.</summary>
        Float32 = 6,
        /// <summary>IEEE double precision.</summary>
        Float64 = 7,
        /// <summary>Two float32, real and imaginary.</summary>
        ComplexFloat32 = 9,
        /// <summary>Two float64, real and imaginary.</summary>
        ComplexFloat64 = 10,
        /// <summary>Truth value, one byte.</summary>
        Bool = 11,
        /// <summary>The upper half of a float32: 8 bits of exponent, 7 of fraction.</summary>
        BFloat16 = 15,
    }

    /// <inheritdoc cref="ScalarType.Byte"/>
    public static readonly ScalarType uint8 = ScalarType.Byte;
    /// <inheritdoc cref="ScalarType.Int8"/>
    public static readonly ScalarType int8 = ScalarType.Int8;
    /// <inheritdoc cref="ScalarType.Int16"/>
    public static readonly ScalarType int16 = ScalarType.Int16;
    /// <inheritdoc cref="ScalarType.Int32"/>
    public static readonly ScalarType int32 = ScalarType.Int32;
    /// <inheritdoc cref="ScalarType.Int64"/>
    public static readonly ScalarType int64 = ScalarType.Int64;
    /// <inheritdoc cref="ScalarType.Int64"/>
    public static readonly ScalarType @long = ScalarType.Int64;
    /// <inheritdoc cref="ScalarType.Float16"/>
    public static readonly ScalarType float16 = ScalarType.Float16;
    /// <inheritdoc cref="ScalarType.Float16"/>
    public static readonly ScalarType half = ScalarType.Float16;
    /// <inheritdoc cref="ScalarType.Float32"/>
    public static readonly ScalarType float32 = ScalarType.Float32;
    /// <inheritdoc cref="ScalarType.Float64"/>
    public static readonly ScalarType float64 = ScalarType.Float64;
    /// <inheritdoc cref="ScalarType.BFloat16"/>
    public static readonly ScalarType bfloat16 = ScalarType.BFloat16;
    /// <inheritdoc cref="ScalarType.Bool"/>
    public static readonly ScalarType @bool = ScalarType.Bool;

    /// <summary>The processor.</summary>
    public static readonly Device CPU = new(DeviceType.CPU);
    /// <summary>The current NVIDIA GPU.</summary>
    public static readonly Device CUDA = new(DeviceType.CUDA);

    /// <summary>A device by its text, such as <c>cpu</c> or <c>cuda:0</c>; throws <see cref="ArgumentException"/> on any other.</summary>
    public static Device device(string description) => new(description);
    /// <summary>A device by the name of its kind and its number; −1: the current one.</summary>
    public static Device device(string type, int index = -1) => new(type, index);
    /// <summary>A device by its kind and number; −1: the current one.</summary>
    public static Device device(DeviceType type, int index = -1) => new(type, index);
    /// <summary>The GPU of that number.</summary>
    public static Device device(int index) => new(DeviceType.CUDA, index);

    /// <summary>Whether the type is float16, bfloat16, float32 or float64.</summary>
    public static bool is_floating_point(ScalarType type) =>
        type is ScalarType.Float16 or ScalarType.Float32 or ScalarType.Float64 or ScalarType.BFloat16;

    /// <summary>Whether the type is an integer or a truth value.</summary>
    public static bool is_integral(ScalarType type) =>
        type is ScalarType.Byte or ScalarType.Int8 or ScalarType.Int16 or ScalarType.Int32 or ScalarType.Int64 or ScalarType.Bool;

    /// <summary>Size in bytes of one element.</summary>
    public static long ElementSize(this ScalarType type) => type switch
    {
        ScalarType.Byte or ScalarType.Int8 or ScalarType.Bool => 1,
        ScalarType.Int16 or ScalarType.Float16 or ScalarType.BFloat16 => 2,
        ScalarType.Int32 or ScalarType.Float32 => 4,
        ScalarType.Int64 or ScalarType.Float64 or ScalarType.ComplexFloat32 => 8,
        ScalarType.ComplexFloat64 => 16,
        _ => throw new ArgumentException($"unknown element type {type}", nameof(type)),
    };

    /// <summary>Where a tensor lives, e.g. <c>cpu</c> or <c>cuda:0</c>.</summary>
    public class Device
    {
        /// <inheritdoc cref="device(string)"/>
        public Device(string description)
        {
            var parts = description.Split(':');
            type = Parse(parts[0]);
            index = parts.Length == 2 && int.TryParse(parts[1], out var number) ? number : -1;
            if (parts.Length > 2 || (parts.Length == 2 && index < 0)) throw new ArgumentException($"Invalid device string: '{description}'");
        }

        /// <inheritdoc cref="device(string, int)"/>
        public Device(string type, int index = -1) : this(Parse(type), index)
        {
        }

        /// <inheritdoc cref="device(DeviceType, int)"/>
        public Device(DeviceType type, int index = -1)
        {
            this.type = type;
            this.index = index;
        }

        /// <summary>The kind of device.</summary>
        public DeviceType type { get; }

        /// <summary>Its number among those of its kind; −1: the current one.</summary>
        public int index { get; }

        /// <summary>The text it can be made from again.</summary>
        public override string ToString() => index < 0 ? Name(type) : $"{Name(type)}:{index}";

        /// <summary>Whether the object is a device of the same kind and number.</summary>
        public override bool Equals(object? obj) => obj is Device other && other.type == type && other.index == index;

        /// <summary>From kind and number.</summary>
        public override int GetHashCode() => HashCode.Combine(type, index);

        /// <summary>Same kind and number, or both null.</summary>
        public static bool operator ==(Device? left, Device? right) => Equals(left, right);

        /// <summary>The opposite of ==.</summary>
        public static bool operator !=(Device? left, Device? right) => !Equals(left, right);

        /// <inheritdoc cref="device(string)"/>
        public static implicit operator Device(string description) => new(description);

        private static DeviceType Parse(string name) => name switch
        {
            "cpu" => DeviceType.CPU,
            "cuda" => DeviceType.CUDA,
            "mps" => DeviceType.MPS,
            "meta" => DeviceType.META,
            _ => throw new ArgumentException($"Invalid device string: '{name}'"),
        };

        private static string Name(DeviceType type) => type switch
        {
            DeviceType.CPU => "cpu",
            DeviceType.CUDA => "cuda",
            DeviceType.MPS => "mps",
            _ => "meta",
        };
    }

    /// <summary>The sizes of a tensor's dimensions.</summary>
    public readonly struct Size : IEquatable<Size>, IEnumerable<long>
    {
        private readonly long[] sizes;

        /// <summary>A copy of the sizes.</summary>
        public Size(long[] shape) => sizes = (long[])shape.Clone();

        /// <summary>A copy of the sizes.</summary>
        public Size(IEnumerable<long> shape) => sizes = shape.ToArray();

        /// <summary>Number of dimensions.</summary>
        public int Length => sizes.Length;
        /// <summary>Whether there are no dimensions.</summary>
        public bool IsEmpty => sizes.Length == 0;
        /// <summary>Whether there are no dimensions: the shape of a single number.</summary>
        public bool IsScalar => sizes.Length == 0;
        /// <summary>The size of a dimension; a negative number counts from the last.</summary>
        public long this[int index] => sizes[index < 0 ? sizes.Length + index : index];

        /// <summary>Number of elements: the product of the sizes, 1 without dimensions.</summary>
        public long numel() => sizes.Aggregate(1L, (product, size) => product * size);

        /// <summary>A copy of the sizes.</summary>
        public static implicit operator Size(long[] shape) => new(shape);
        /// <summary>One dimension.</summary>
        public static implicit operator Size(long size) => new([size]);
        /// <summary>Two dimensions.</summary>
        public static implicit operator Size((long, long) shape) => new([shape.Item1, shape.Item2]);
        /// <summary>Three dimensions.</summary>
        public static implicit operator Size((long, long, long) shape) => new([shape.Item1, shape.Item2, shape.Item3]);
        /// <summary>Four dimensions.</summary>
        public static implicit operator Size((long, long, long, long) shape) => new([shape.Item1, shape.Item2, shape.Item3, shape.Item4]);

        /// <summary>A copy of the sizes.</summary>
        public long[] ToArray() => (long[])sizes.Clone();

        /// <summary>The sizes in place.</summary>
        public ReadOnlySpan<long> AsSpan() => sizes;

        /// <summary>Whether both have the same sizes in the same order.</summary>
        public bool Equals(Size other) => sizes.AsSpan().SequenceEqual(other.sizes);
        /// <summary>Whether the object is a Size of the same sizes.</summary>
        public override bool Equals(object? obj) => obj is Size other && Equals(other);
        /// <summary>From the sizes in order.</summary>
        public override int GetHashCode() => sizes.Aggregate(0, HashCode.Combine);
        /// <summary>Same sizes in the same order.</summary>
        public static bool operator ==(Size left, Size right) => left.Equals(right);
        /// <summary>The opposite of ==.</summary>
        public static bool operator !=(Size left, Size right) => !left.Equals(right);
        /// <summary>As <c>[2, 3]</c>.</summary>
        public override string ToString() => $"[{string.Join(", ", sizes)}]";

        /// <summary>The sizes from the first dimension to the last.</summary>
        public IEnumerator<long> GetEnumerator() => ((IEnumerable<long>)sizes).GetEnumerator();
        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
