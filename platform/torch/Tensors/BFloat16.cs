namespace TorchSharp;

/// <summary>The upper half of a float32: 8 bits of exponent, 7 of fraction.</summary>
public readonly struct BFloat16 : IEquatable<BFloat16>, IComparable<BFloat16>
{
    private readonly ushort bits;

    internal BFloat16(ushort bits) => this.bits = bits;

    /// <summary>Rounds to nearest, ties to even.</summary>
    public static explicit operator BFloat16(float value)
    {
        var whole = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return new BFloat16((ushort)((whole >> 16) | 0x40));
        return new BFloat16((ushort)((whole + 0x7FFF + ((whole >> 16) & 1)) >> 16));
    }

    /// <summary>Exact: the fraction's lower 16 bits are zero.</summary>
    public static implicit operator float(BFloat16 value) => BitConverter.UInt32BitsToSingle((uint)value.bits << 16);

    /// <summary>Equal as numbers, except that NaN equals NaN.</summary>
    public static bool operator ==(BFloat16 left, BFloat16 right) => left.Equals(right);
    /// <summary>The opposite of ==.</summary>
    public static bool operator !=(BFloat16 left, BFloat16 right) => !left.Equals(right);
    /// <summary>Compares as float32 does.</summary>
    public static bool operator <(BFloat16 left, BFloat16 right) => (float)left < (float)right;
    /// <summary>Compares as float32 does.</summary>
    public static bool operator >(BFloat16 left, BFloat16 right) => (float)left > (float)right;
    /// <summary>Compares as float32 does.</summary>
    public static bool operator <=(BFloat16 left, BFloat16 right) => (float)left <= (float)right;
    /// <summary>Compares as float32 does.</summary>
    public static bool operator >=(BFloat16 left, BFloat16 right) => (float)left >= (float)right;

    /// <summary>Equal as numbers, except that NaN equals NaN.</summary>
    public bool Equals(BFloat16 other) => ((float)this).Equals((float)other);
    /// <summary>Whether the object is a BFloat16 equal to this one.</summary>
    public override bool Equals(object? obj) => obj is BFloat16 other && Equals(other);
    /// <summary>That of the float32 of the same value.</summary>
    public override int GetHashCode() => ((float)this).GetHashCode();
    /// <summary>The order of float32, NaN first.</summary>
    public int CompareTo(BFloat16 other) => ((float)this).CompareTo((float)other);
    /// <summary>The shortest decimal text of the value as float32, with a point in every culture.</summary>
    public override string ToString() => ((float)this).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
