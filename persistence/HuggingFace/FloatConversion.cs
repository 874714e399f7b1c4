using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Safetensors;

namespace ActorTrain.Persistence.HuggingFace;

/// <summary>Moves matrices between host buffers: widened to float32, or transposed. Offsets are in bytes, counts in elements.</summary>
internal static unsafe class FloatConversion
{
    private const int Tile = 32;

    /// <summary>Whether the type converts to float32 without loss.</summary>
    public static bool CanWiden(SafetensorsDtype dtype) => dtype is SafetensorsDtype.F32 or SafetensorsDtype.BF16 or SafetensorsDtype.F16;

    /// <summary>Copies <paramref name="count"/> elements, widened; exact for every value.</summary>
    public static void Widen(HostBuffer source, SafetensorsDtype dtype, HostBuffer destination, long destinationOffset, long count)
    {
        var to = (float*)(destination.Address + (nint)destinationOffset);
        switch (dtype)
        {
            case SafetensorsDtype.F32:
                Buffer.MemoryCopy((void*)source.Address, to, count * sizeof(float), count * sizeof(float));
                break;
            case SafetensorsDtype.BF16:
                var brains = (ushort*)source.Address;
                for (long i = 0; i < count; i++)
                    to[i] = BitConverter.UInt32BitsToSingle((uint)brains[i] << 16);
                break;
            case SafetensorsDtype.F16:
                var halves = (Half*)source.Address;
                for (long i = 0; i < count; i++)
                    to[i] = (float)halves[i];
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Not a floating-point type.");
        }

        GC.KeepAlive(source);
        GC.KeepAlive(destination);
    }

    /// <summary>The first element that is infinite or NaN, or null.</summary>
    public static long? FirstNotFinite(HostBuffer buffer, long count)
    {
        var values = (float*)buffer.Address;
        long? found = null;
        for (long i = 0; i < count && found is null; i++)
            found = float.IsFinite(values[i]) ? null : i;
        GC.KeepAlive(buffer);
        return found;
    }

    /// <summary>Whether <paramref name="count"/> float32 elements are equal.</summary>
    public static bool Equal(HostBuffer left, HostBuffer right, long rightOffset, long count)
    {
        var one = (float*)left.Address;
        var other = (float*)(right.Address + (nint)rightOffset);
        var isEqual = true;
        for (long i = 0; i < count && isEqual; i++)
            isEqual = one[i] == other[i];
        GC.KeepAlive(left);
        GC.KeepAlive(right);
        return isEqual;
    }

    /// <summary>Copies a float32 matrix <c>[rows, columns]</c> as <c>[columns, rows]</c>, in cache-sized tiles.</summary>
    public static void Transpose(
        HostBuffer source, long sourceOffset, HostBuffer destination, long destinationOffset, long rows, long columns)
    {
        var from = (float*)(source.Address + (nint)sourceOffset);
        var to = (float*)(destination.Address + (nint)destinationOffset);
        for (long rowTile = 0; rowTile < rows; rowTile += Tile)
        {
            for (long columnTile = 0; columnTile < columns; columnTile += Tile)
            {
                for (var row = rowTile; row < Math.Min(rowTile + Tile, rows); row++)
                {
                    for (var column = columnTile; column < Math.Min(columnTile + Tile, columns); column++)
                        to[(column * rows) + row] = from[(row * columns) + column];
                }
            }
        }

        GC.KeepAlive(source);
        GC.KeepAlive(destination);
    }
}
