namespace TorchSharp;

/// <summary>TorchSharp's file format for a tensor: LEB128 type, rank and sizes, then the elements, little-endian.</summary>
public static class TensorFileMethods
{
    private const int Chunk = 1 << 20;

    /// <summary>Writes type, sizes and elements at the writer's position; from any device and layout.</summary>
    public static void Save(this torch.Tensor tensor, BinaryWriter writer)
    {
        using var host = tensor.device_type == DeviceType.CPU && tensor.is_contiguous() ? tensor.alias() : tensor.detach().cpu(disposeAfter: true).contiguous();
        writer.Encode((int)host.dtype);
        writer.Encode(host.ndim);
        foreach (var size in host.shape) writer.Encode(size);
        ForEachChunk(host, span => writer.Write(span));
    }

    /// <summary>Writes the tensor to a file of its own, replacing what stands there.</summary>
    public static void save(this torch.Tensor tensor, string location)
    {
        using var writer = new BinaryWriter(File.Create(location));
        tensor.Save(writer);
    }

    internal static void Read(torch.Tensor target, BinaryReader reader) => ForEachChunk(target, span =>
    {
        reader.BaseStream.ReadExactly(span);
    });

    internal static void Encode(this BinaryWriter writer, long value)
    {
        var rest = (ulong)value;
        do
        {
            var low = (byte)(rest & 0x7F);
            rest >>= 7;
            writer.Write((byte)(rest == 0 ? low : low | 0x80));
        }
        while (rest != 0);
    }

    internal static long Decode(this BinaryReader reader)
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = reader.ReadByte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return (long)value;
        }

        throw new InvalidDataException("a number in the file does not end");
    }

    private static unsafe void ForEachChunk(torch.Tensor tensor, SpanAction action)
    {
        var first = (byte*)tensor.Data();
        var length = tensor.NumberOfElements * tensor.ElementSize;
        for (var at = 0L; at < length; at += Chunk) action(new Span<byte>(first + at, (int)Math.Min(Chunk, length - at)));
        GC.KeepAlive(tensor);
    }

    private delegate void SpanAction(Span<byte> bytes);
}

public static partial class torch
{
    /// <inheritdoc cref="TensorFileMethods.save"/>
    public static void save(Tensor t, string location) => t.save(location);

    /// <summary>Reads the tensor that <see cref="save(Tensor, string)"/> wrote; on the CPU.</summary>
    public static Tensor load(string location)
    {
        using var reader = new BinaryReader(File.OpenRead(location));
        return Tensor.Load(reader);
    }

    public partial class Tensor
    {
        /// <summary>Reads a tensor at the reader's position, as <c>Save</c> wrote it; on the CPU.</summary>
        public static Tensor Load(BinaryReader reader)
        {
            var type = (ScalarType)reader.Decode();
            var shape = new long[reader.Decode() is >= 0 and <= 64 and var rank ? rank : throw new InvalidDataException("the file holds no tensor")];
            for (var d = 0; d < shape.Length; d++) shape[d] = reader.Decode();
            var made = empty(shape, type);
            try
            {
                TensorFileMethods.Read(made, reader);
            }
            catch
            {
                made.Dispose();
                throw;
            }

            return made;
        }
    }
}
