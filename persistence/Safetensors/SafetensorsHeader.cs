using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using ActorTrain.Models;

namespace ActorTrain.Persistence.Safetensors;

/// <summary>One tensor of a file's header.</summary>
/// <param name="DtypeName">The type in the header, such as <c>F32</c>; may be unsupported.</param>
/// <param name="Shape">Outermost dimension first; empty for a scalar.</param>
/// <param name="Begin">First byte, counted from the end of the header.</param>
public sealed record SafetensorsEntry(string Name, string DtypeName, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>Null if not supported.</summary>
    public SafetensorsDtype? Dtype => SafetensorsDtypes.Parse(DtypeName);

    public long ByteCount => End - Begin;

    public static string Format(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}

/// <summary>The header of a safetensors file: 8 bytes of little-endian length, then that many bytes of JSON, padded with spaces so that the
/// data begin at a multiple of 8. Format: https://github.com/huggingface/safetensors (README, "Format").</summary>
internal static class SafetensorsHeader
{
    /// <summary>Longest accepted header, in bytes; same bound as the reference implementation.</summary>
    public const long MaximumLength = 100_000_000;

    public const int PrefixLength = 8;

    /// <summary>The bytes before the data. Equal entries and metadata give equal bytes.</summary>
    public static byte[] Build(IEnumerable<SafetensorsEntry> entries, IReadOnlyDictionary<string, string> metadata)
    {
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            if (metadata.Count > 0)
            {
                writer.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
                    writer.WriteString(key, value);
                writer.WriteEndObject();
            }

            foreach (var entry in entries)
            {
                writer.WriteStartObject(entry.Name);
                writer.WriteString("dtype", entry.DtypeName);
                writer.WriteStartArray("shape");
                foreach (var size in entry.Shape)
                    writer.WriteNumberValue(size);
                writer.WriteEndArray();
                writer.WriteStartArray("data_offsets");
                writer.WriteNumberValue(entry.Begin);
                writer.WriteNumberValue(entry.End);
                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        var padded = (json.WrittenCount + 7) / 8 * 8;
        var bytes = new byte[PrefixLength + padded];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, padded);
        json.WrittenSpan.CopyTo(bytes.AsSpan(PrefixLength));
        bytes.AsSpan(PrefixLength + json.WrittenCount).Fill((byte)' ');
        return bytes;
    }

    /// <summary>Reads and checks the JSON of a header.</summary>
    /// <param name="dataLength">Bytes that follow the header.</param>
    /// <exception cref="UserErrorException">The header is malformed, or does not cover every byte of data exactly once.</exception>
    public static (IReadOnlyList<SafetensorsEntry> Entries, IReadOnlyDictionary<string, string> Metadata) Parse(
        string path, ReadOnlySpan<byte> json, long dataLength)
    {
        var entries = new List<SafetensorsEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        IReadOnlyDictionary<string, string> metadata = new Dictionary<string, string>();
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
            Expect(ref reader, JsonTokenType.StartObject);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                if (!names.Add(name))
                    throw new JsonException($"duplicate name {Shown(name)}");
                if (name == "__metadata__")
                    metadata = ParseMetadata(ref reader);
                else
                    entries.Add(ParseEntry(name, ref reader));
            }

            if (reader.TokenType != JsonTokenType.EndObject || reader.Read())
                throw new JsonException("trailing data after the JSON object");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new UserErrorException(
                $"{path} has an invalid safetensors header ({Shown(exception.Message, 200)}); download the file " +
                $"again.",
                exception);
        }

        CheckOffsets(path, entries, dataLength);
        return (entries.OrderBy(static entry => entry.Begin).ThenBy(static entry => entry.End).ToArray(), metadata);
    }

    private static void CheckOffsets(string path, List<SafetensorsEntry> entries, long dataLength)
    {
        long covered = 0;
        foreach (var entry in entries.OrderBy(static entry => entry.Begin).ThenBy(static entry => entry.End))
        {
            if (entry.Begin != covered)
            {
                var what = entry.Begin < covered ? "overlaps the previous tensor" : "leaves a gap after the previous tensor";
                throw new UserErrorException($"In {path}, the data of {Shown(entry.Name)} {what}; download the file again.");
            }

            covered = entry.End;
        }

        if (covered != dataLength)
        {
            var what = covered > dataLength ? "truncated" : "too long";
            throw new UserErrorException(
                $"{path} is {what} ({dataLength} bytes of data, but its header describes {covered}); download it again.");
        }
    }

    private static Dictionary<string, string> ParseMetadata(ref Utf8JsonReader reader)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        Expect(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            Expect(ref reader, JsonTokenType.String);
            metadata[key] = reader.GetString()!;
        }

        return metadata;
    }

    private static SafetensorsEntry ParseEntry(string name, ref Utf8JsonReader reader)
    {
        string? dtypeName = null;
        long[]? shape = null, offsets = null;
        Expect(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            switch (reader.GetString())
            {
                case "dtype" when dtypeName is null:
                    Expect(ref reader, JsonTokenType.String);
                    dtypeName = reader.GetString();
                    break;
                case "shape" when shape is null:
                    shape = ParseNumbers(ref reader);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ParseNumbers(ref reader);
                    break;
                case var other:
                    throw new JsonException($"{Shown(name)} has an unknown property {Shown(other!)}");
            }
        }

        if (dtypeName is null || shape is null || offsets is not { Length: 2 })
            throw new JsonException($"{Shown(name)} has no dtype, shape or pair of data_offsets");
        var entry = new SafetensorsEntry(name, dtypeName, shape, offsets[0], offsets[1]);

        // The format may gain types: an unknown one matters only to readers of that tensor.
        var size = entry.Dtype is { } dtype ? shape.Aggregate((long)dtype.Size(), static (product, length) => checked(product * length))
            : entry.ByteCount;
        if (entry.ByteCount < 0 || entry.ByteCount != size)
            throw new JsonException(
                $"{Shown(name)} of shape {SafetensorsEntry.Format(shape)} needs {size} bytes, but its offsets are {offsets[0]} to " +
                $"{offsets[1]}");
        return entry;
    }

    private static long[] ParseNumbers(ref Utf8JsonReader reader)
    {
        var numbers = new List<long>();
        Expect(ref reader, JsonTokenType.StartArray);
        while (reader.Read() && reader.TokenType == JsonTokenType.Number)
        {
            var number = reader.GetInt64();
            numbers.Add(number >= 0 ? number : throw new JsonException($"negative number {number}"));
        }

        return reader.TokenType == JsonTokenType.EndArray
            ? [.. numbers]
            : throw new JsonException("a list of numbers has another element");
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token)
    {
        if (!reader.Read() || reader.TokenType != token)
            throw new JsonException($"expected {token} at byte {reader.TokenStartIndex}");
    }

    /// <summary>Text of the file for display: without control characters, and truncated.</summary>
    internal static string Shown(string text, int longest = 80)
    {
        var cut = text.Length > longest ? text[..longest] + "…" : text;
        return string.Concat(cut.Select(static letter => char.IsControl(letter) ? '?' : letter));
    }
}
