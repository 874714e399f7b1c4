using System.Buffers;
using System.Text;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>Saving and loading of parameters and persistent buffers.</summary>
        internal static class StateDictFormat
        {
            // The file: LEB128 count, then per entry its name (length-prefixed UTF-8) and its tensor.
            internal static void Write(BinaryWriter writer, Dictionary<string, Tensor> state, IList<string>? skip)
            {
                var kept = state.Where(entry => skip is null || !skip.Contains(entry.Key)).ToList();
                writer.Encode(kept.Count);
                foreach (var (name, tensor) in kept)
                {
                    writer.Write(name);
                    tensor.Save(writer);
                }
            }
        }
    }
}

/// <summary>State dictionaries of modules, in memory and in files.</summary>
public static class ModuleStateMethods
{
    /// <summary>Names and tensors of all parameters and persistent buffers; the tensors are the module's own.</summary>
    public static Dictionary<string, torch.Tensor> state_dict(this torch.nn.Module module, Dictionary<string, torch.Tensor>? destination = null, string? prefix = null)
    {
        destination ??= [];
        foreach (var (name, tensor) in module.Stateful()) destination[string.IsNullOrEmpty(prefix) ? name : $"{prefix}.{name}"] = tensor;
        return destination;
    }

    /// <summary>Copies the source's values into the module.</summary>
    public static (IList<string> missing_keys, IList<string> unexpected_keys) load_state_dict(
        this torch.nn.Module module, Dictionary<string, torch.Tensor> source, bool strict = true, IList<string>? skip = null)
    {
        var own = module.state_dict();
        var missing = own.Keys.Where(name => !source.ContainsKey(name) && skip?.Contains(name) is not true).ToList();
        var unexpected = source.Keys.Where(name => !own.ContainsKey(name) && skip?.Contains(name) is not true).ToList();
        if (strict && missing.Count + unexpected.Count > 0)
            throw new InvalidOperationException($"The loaded state_dict is not identical to the target dictionary: missing [{string.Join(", ", missing)}], unexpected [{string.Join(", ", unexpected)}].");
        using var unrecorded = torch.no_grad();
        foreach (var (name, value) in source)
            if (own.TryGetValue(name, out var target) && skip?.Contains(name) is not true) target.copy_(value);
        return (missing, unexpected);
    }

    /// <summary>Writes the state dictionary to a file, without the names in <c>skip</c>.</summary>
    public static T save<T>(this T module, string location, IList<string>? skip = null) where T : torch.nn.Module
    {
        using var file = File.Create(location);
        return module.save(file, skip);
    }

    /// <summary>Writes the state dictionary to a stream, which is closed unless <c>leaveOpen</c>.</summary>
    public static T save<T>(this T module, Stream stream, IList<string>? skip = null, bool leaveOpen = false) where T : torch.nn.Module
    {
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen);
        return module.save(writer, skip);
    }

    /// <summary>Writes the state dictionary at the writer's position, without the names in <c>skip</c>.</summary>
    public static T save<T>(this T module, BinaryWriter writer, IList<string>? skip = null) where T : torch.nn.Module
    {
        torch.nn.StateDictFormat.Write(writer, module.state_dict(), skip);
        return module;
    }

    /// <summary>Reads a file of <c>save</c> into the module; nothing is changed when the file is unsuitable.</summary>
    public static T load<T>(this T module, string location, bool strict = true, IList<string>? skip = null, Dictionary<string, bool>? loadedParameters = null) where T : torch.nn.Module
    {
        if (!File.Exists(location)) throw new FileNotFoundException(location);
        using var file = File.OpenRead(location);
        return module.load(file, strict, skip, loadedParameters);
    }

    /// <summary>Reads a state dictionary from a stream, which is closed unless <c>leaveOpen</c>.</summary>
    public static T load<T>(this T module, Stream stream, bool strict = true, IList<string>? skip = null, Dictionary<string, bool>? loadedParameters = null, bool leaveOpen = false)
        where T : torch.nn.Module
    {
        using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen);
        return module.load(reader, strict, skip, loadedParameters);
    }

    /// <summary>Reads a file of <c>save</c> into the module; nothing is changed when the file is unsuitable.</summary>
    public static T load<T>(this T module, BinaryReader reader, bool strict = true, IList<string>? skip = null, Dictionary<string, bool>? loadedParameters = null) where T : torch.nn.Module
    {
        using var scope = torch.NewDisposeScope();
        var own = module.state_dict();
        var read = new Dictionary<string, torch.Tensor>();
        var count = reader.Decode();
        for (var i = 0L; i < count; i++)
        {
            var name = reader.ReadString();
            read[name] = torch.Tensor.Load(reader);
            var known = own.TryGetValue(name, out var target) && skip?.Contains(name) is not true;
            if (known && !target!.shape.AsSpan().SequenceEqual(read[name].shape))
                throw new ArgumentException($"Mismatched tensor shape while loading {name}: [{string.Join(", ", target.shape)}] in the module, [{string.Join(", ", read[name].shape)}] in the file.");
        }

        if (loadedParameters is not null)
            foreach (var name in own.Keys) loadedParameters[name] = read.ContainsKey(name) && skip?.Contains(name) is not true;
        module.load_state_dict(read, strict, skip);
        return module;
    }
}

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
