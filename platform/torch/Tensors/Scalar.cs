using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>A number of any element type, as an operand beside a tensor.</summary>
public sealed class Scalar : IDisposable
{
    internal Scalar(ScalarValue value) => Value = value;

    internal ScalarValue Value { get; }

    /// <summary>A truth value as an operand.</summary>
    public static implicit operator Scalar(bool value) => new(ScalarValue.Of(value));
    /// <summary>An integer as an operand.</summary>
    public static implicit operator Scalar(byte value) => new(ScalarValue.Of((long)value));
    /// <summary>An integer as an operand.</summary>
    public static implicit operator Scalar(sbyte value) => new(ScalarValue.Of((long)value));
    /// <summary>An integer as an operand.</summary>
    public static implicit operator Scalar(short value) => new(ScalarValue.Of((long)value));
    /// <summary>An integer as an operand.</summary>
    public static implicit operator Scalar(int value) => new(ScalarValue.Of((long)value));
    /// <summary>An integer as an operand.</summary>
    public static implicit operator Scalar(long value) => new(ScalarValue.Of(value));
    /// <summary>A floating-point number as an operand.</summary>
    public static implicit operator Scalar(Half value) => new(ScalarValue.Of((double)value));
    /// <summary>A floating-point number as an operand.</summary>
    public static implicit operator Scalar(float value) => new(ScalarValue.Of((double)value));
    /// <summary>A floating-point number as an operand.</summary>
    public static implicit operator Scalar(double value) => new(ScalarValue.Of(value));

    /// <summary>Int64, Float64 or Bool: the kind of number, not its width in C#.</summary>
    public ScalarType Type => Value.Kind switch { 0 => ScalarType.Int64, 1 => ScalarType.Float64, _ => ScalarType.Bool };

    /// <summary>Nothing is held: the number stands in the object.</summary>
    public void Dispose() => GC.SuppressFinalize(this);
}

/// <summary>Explicit conversions to <see cref="Scalar"/> and back.</summary>
public static class ScalarExtensionMethods
{
    /// <summary>The number as an operand.</summary>
    public static Scalar ToScalar(this bool value) => value;
    /// <summary>The number as an operand.</summary>
    public static Scalar ToScalar(this byte value) => value;
    /// <summary>The number as an operand.</summary>
    public static Scalar ToScalar(this sbyte value) => value;
    /// <summary>The number as an operand.</summary>
    public static Scalar ToScalar(this short value) => value;
    /// <summary>The number as an operand.</summary>
    public static Scalar ToScalar(this int value) => value;
    /// <summary>The number as an operand.</summary>
    public static Scalar ToScalar(this long value) => value;
    /// <summary>The number as an operand.</summary>
    public static Scalar ToScalar(this Half value) => value;
    /// <summary>The number as an operand.</summary>
    public static Scalar ToScalar(this float value) => value;
    /// <summary>The number as an operand.</summary>
    public static Scalar ToScalar(this double value) => value;

    /// <summary>The value as a double.</summary>
    public static double ToDouble(this Scalar value) => value.Value.Number();
    /// <summary>The value rounded to float32.</summary>
    public static float ToSingle(this Scalar value) => (float)value.Value.Number();
    /// <summary>The value as an integer; a fraction is cut off.</summary>
    public static long ToInt64(this Scalar value) => value.Value.Integer();
    /// <summary>The value as an integer, its fraction cut off; throws <see cref="OverflowException"/> where it does not fit.</summary>
    public static int ToInt32(this Scalar value) => checked((int)value.Value.Integer());
    /// <summary>Whether the value is not 0.</summary>
    public static bool ToBoolean(this Scalar value) => value.Value.Number() != 0;

    internal static double Number(this ScalarValue value) => value.Kind == 1 ? BitConverter.Int64BitsToDouble(value.Bits) : value.Bits;

    internal static long Integer(this ScalarValue value) => value.Kind == 1 ? (long)BitConverter.Int64BitsToDouble(value.Bits) : value.Bits;
}
