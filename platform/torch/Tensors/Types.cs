namespace TorchSharp;

/// <summary>Element types, with libtorch's codes.</summary>
public enum ScalarType : sbyte
{
    Byte = 0,
    Int8 = 1,
    Int16 = 2,
    Int32 = 3,
    Int64 = 4,
    Float16 = 5,
    Float32 = 6,
    Float64 = 7,
    ComplexFloat32 = 9,
    ComplexFloat64 = 10,
    Bool = 11,
    BFloat16 = 15,
}

/// <summary>Kinds of device, with libtorch's codes.</summary>
public enum DeviceType
{
    CPU = 0,
    CUDA = 1,
    MPS = 13,
    META = 14,
}

public static partial class torch
{
    public static readonly ScalarType uint8 = ScalarType.Byte;
    public static readonly ScalarType int8 = ScalarType.Int8;
    public static readonly ScalarType int16 = ScalarType.Int16;
    public static readonly ScalarType int32 = ScalarType.Int32;
    public static readonly ScalarType int64 = ScalarType.Int64;
    public static readonly ScalarType @long = ScalarType.Int64;
    public static readonly ScalarType float16 = ScalarType.Float16;
    public static readonly ScalarType half = ScalarType.Float16;
    public static readonly ScalarType float32 = ScalarType.Float32;
    public static readonly ScalarType float64 = ScalarType.Float64;
    public static readonly ScalarType bfloat16 = ScalarType.BFloat16;
    public static readonly ScalarType @bool = ScalarType.Bool;

    public static readonly Device CPU = new(DeviceType.CPU);
    public static readonly Device CUDA = new(DeviceType.CUDA);

    public static Device device(string description) => new(description);
    public static Device device(string type, int index = -1) => new(type, index);
    public static Device device(DeviceType type, int index = -1) => new(type, index);
    public static Device device(int index) => new(DeviceType.CUDA, index);

    public static bool is_floating_point(ScalarType type) =>
        type is ScalarType.Float16 or ScalarType.Float32 or ScalarType.Float64 or ScalarType.BFloat16;

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
        public Device(string description)
        {
            var parts = description.Split(':');
            type = Parse(parts[0]);
            index = parts.Length == 2 && int.TryParse(parts[1], out var number) ? number : -1;
            if (parts.Length > 2 || (parts.Length == 2 && index < 0)) throw new ArgumentException($"Invalid device string: '{description}'");
        }

        public Device(string type, int index = -1) : this(Parse(type), index)
        {
        }

        public Device(DeviceType type, int index = -1)
        {
            this.type = type;
            this.index = index;
        }

        public DeviceType type { get; }

        public int index { get; }

        public override string ToString() => index < 0 ? Name(type) : $"{Name(type)}:{index}";

        public override bool Equals(object? obj) => obj is Device other && other.type == type && other.index == index;

        public override int GetHashCode() => HashCode.Combine(type, index);

        public static bool operator ==(Device? left, Device? right) => Equals(left, right);

        public static bool operator !=(Device? left, Device? right) => !Equals(left, right);

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

        public Size(long[] shape) => sizes = (long[])shape.Clone();

        public Size(IEnumerable<long> shape) => sizes = shape.ToArray();

        public int Length => sizes.Length;
        public bool IsEmpty => sizes.Length == 0;
        public bool IsScalar => sizes.Length == 0;
        public long this[int index] => sizes[index < 0 ? sizes.Length + index : index];

        public long numel() => sizes.Aggregate(1L, (product, size) => product * size);

        public static implicit operator Size(long[] shape) => new(shape);
        public static implicit operator Size(long size) => new([size]);
        public static implicit operator Size((long, long) shape) => new([shape.Item1, shape.Item2]);
        public static implicit operator Size((long, long, long) shape) => new([shape.Item1, shape.Item2, shape.Item3]);
        public static implicit operator Size((long, long, long, long) shape) => new([shape.Item1, shape.Item2, shape.Item3, shape.Item4]);

        public long[] ToArray() => (long[])sizes.Clone();

        public ReadOnlySpan<long> AsSpan() => sizes;

        public bool Equals(Size other) => sizes.AsSpan().SequenceEqual(other.sizes);
        public override bool Equals(object? obj) => obj is Size other && Equals(other);
        public override int GetHashCode() => sizes.Aggregate(0, HashCode.Combine);
        public static bool operator ==(Size left, Size right) => left.Equals(right);
        public static bool operator !=(Size left, Size right) => !left.Equals(right);
        public override string ToString() => $"[{string.Join(", ", sizes)}]";

        public IEnumerator<long> GetEnumerator() => ((IEnumerable<long>)sizes).GetEnumerator();
        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
