using System.Buffers.Binary;
using System.IO.Compression;

namespace ActorTrain.Host.Plotting;

/// <summary>Writes pixels as a PNG file (ISO/IEC 15948): 8 bits per channel, red, green, blue, no palette.</summary>
internal static class PngWriter
{
    private const byte TrueColor = 2;
    private const byte FilterUp = 2;
    private static readonly uint[] CrcTable = [.. Enumerable.Range(0, 256).Select(static i => CrcOf((uint)i))];

    /// <summary>Writes a file.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="width">Pixels per row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="rgb">Rows from the top, three bytes per pixel.</param>
    public static void Write(Stream output, int width, int height, ReadOnlySpan<byte> rgb)
    {
        output.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);

        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = 8;
        header[9] = TrueColor;
        Chunk(output, "IHDR"u8, header);

        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            // Each row as its difference from the row above: plots are mostly the same from row to row.
            var row = new byte[width * 3 + 1];
            row[0] = FilterUp;
            for (var y = 0; y < height; y++)
            {
                var now = rgb.Slice(y * width * 3, width * 3);
                for (var i = 0; i < now.Length; i++)
                    row[i + 1] = (byte)(now[i] - (y > 0 ? rgb[(y - 1) * width * 3 + i] : 0));
                zlib.Write(row);
            }
        }

        Chunk(output, "IDAT"u8, packed.GetBuffer().AsSpan(0, (int)packed.Length));
        Chunk(output, "IEND"u8, []);
    }

    private static void Chunk(Stream output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
        output.Write(number);
        output.Write(type);
        output.Write(content);

        var crc = Crc(Crc(uint.MaxValue, type), content) ^ uint.MaxValue;
        BinaryPrimitives.WriteUInt32BigEndian(number, crc);
        output.Write(number);
    }

    // CRC-32 of ISO 3309; the framework's intrinsic computes CRC-32C, another polynomial.
    private static uint Crc(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
            crc = CrcTable[(crc ^ b) & 0xFF] ^ (crc >> 8);
        return crc;
    }

    private static uint CrcOf(uint value)
    {
        for (var bit = 0; bit < 8; bit++)
            value = (value & 1) != 0 ? 0xEDB88320 ^ (value >> 1) : value >> 1;
        return value;
    }
}
