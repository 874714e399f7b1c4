using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>A number of any element type, as an operand beside a tensor.</summary>
public sealed class Scalar : IDisposable
{
    internal Scalar(ScalarValue value) => Value = value;

    internal ScalarValue Value { get; }

    public static implicit operator Scalar(bool value) => new(ScalarValue.Of(value));
    public static implicit operator Scalar(byte value) => new(ScalarValue.Of((long)value));
    public static implicit operator Scalar(sbyte value) => new(ScalarValue.Of((long)value));
    public static implicit operator Scalar(short value) => new(ScalarValue.Of((long)value));
    public static implicit operator Scalar(int value) => new(ScalarValue.Of((long)value));
    public static implicit operator Scalar(long value) => new(ScalarValue.Of(value));
    public static implicit operator Scalar(Half value) => new(ScalarValue.Of((double)value));
    public static implicit operator Scalar(float value) => new(ScalarValue.Of((double)value));
    public static implicit operator Scalar(double value) => new(ScalarValue.Of(value));

    public ScalarType Type => Value.Kind switch { 0 => ScalarType.Int64, 1 => ScalarType.Float64, _ => ScalarType.Bool };

    /// <summary>Nothing is held: the number stands in the object.</summary>
    public void Dispose() => GC.SuppressFinalize(this);
}

/// <summary>Explicit conversions to <see cref="Scalar"/> and back.</summary>
public static class ScalarExtensionMethods
{
    public static Scalar ToScalar(this bool value) => value;
    public static Scalar ToScalar(this byte value) => value;
    public static Scalar ToScalar(this sbyte value) => value;
    public static Scalar ToScalar(this short value) => value;
    public static Scalar ToScalar(this int value) => value;
    public static Scalar ToScalar(this long value) => value;
    public static Scalar ToScalar(this Half value) => value;
    public static Scalar ToScalar(this float value) => value;
    public static Scalar ToScalar(this double value) => value;

    public static double ToDouble(this Scalar value) => value.Value.Number();
    public static float ToSingle(this Scalar value) => (float)value.Value.Number();
    public static long ToInt64(this Scalar value) => value.Value.Integer();
    public static int ToInt32(this Scalar value) => checked((int)value.Value.Integer());
    public static bool ToBoolean(this Scalar value) => value.Value.Number() != 0;

    internal static double Number(this ScalarValue value) => value.Kind == 1 ? BitConverter.Int64BitsToDouble(value.Bits) : value.Bits;

    internal static long Integer(this ScalarValue value) => value.Kind == 1 ? (long)BitConverter.Int64BitsToDouble(value.Bits) : value.Bits;
}
