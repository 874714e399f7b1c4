namespace ActorTrain.Persistence.Safetensors;

public enum SafetensorsDtype
{
    /// <summary>IEEE 754 double precision, 8 bytes.</summary>
    F64,

    /// <summary>IEEE 754 single precision, 4 bytes.</summary>
    F32,

    /// <summary>The upper half of a single, 2 bytes.</summary>
    BF16,

    /// <summary>IEEE 754 half precision, 2 bytes.</summary>
    F16,

    I64,

    I32,

    U8,

    /// <summary>0 or 1 in one byte; used for attention masks in published models.</summary>
    Bool,
}

public static class SafetensorsDtypes
{
    public static int Size(this SafetensorsDtype dtype) => dtype switch
    {
        SafetensorsDtype.F64 or SafetensorsDtype.I64 => 8,
        SafetensorsDtype.F32 or SafetensorsDtype.I32 => 4,
        SafetensorsDtype.BF16 or SafetensorsDtype.F16 => 2,
        SafetensorsDtype.U8 or SafetensorsDtype.Bool => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Unknown element type."),
    };

    public static string HeaderName(this SafetensorsDtype dtype) => dtype == SafetensorsDtype.Bool ? "BOOL" : dtype.ToString();

    /// <summary>The readable types, in words.</summary>
    internal static string Names { get; } = string.Join(", ", Enum.GetValues<SafetensorsDtype>().Select(HeaderName));

    internal static SafetensorsDtype? Parse(string name)
    {
        foreach (var dtype in Enum.GetValues<SafetensorsDtype>())
        {
            if (dtype.HeaderName() == name)
                return dtype;
        }

        return null;
    }
}
