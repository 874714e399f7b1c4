using System.Collections;
using System.Globalization;
using System.Text.Json;
using ActorTrain.Data.Sources;
using ActorTrain.Models;
using Parquet;
using Parquet.Serialization;

namespace ActorTrain.Data.Chats;

/// <summary>The rows of a Parquet file as JSON objects, one row group in memory at a time.</summary>
internal static class ParquetRows
{
    // Old writers do not mark texts as such.
    private static readonly ParquetOptions Texts = new() { TreatByteArrayAsString = true };

    /// <summary>Whether a file is Parquet by its first bytes, whatever its name.</summary>
    public static bool Are(SourceFile file, CancellationToken cancellation)
    {
        try
        {
            using var stream = new InterruptibleFile(file.Path, cancellation);
            Span<byte> head = stackalloc byte[4];
            return stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length && head.SequenceEqual("PAR1"u8);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(file, error);
        }
    }

    /// <summary>The rows, numbered from 1, each valid until the next is requested.</summary>
    /// <exception cref="UserErrorException">While enumerating: the file cannot be read.</exception>
    public static IEnumerable<(ReadOnlyMemory<byte> Row, long Number, long BytesRead)> Of(SourceFile file, CancellationToken cancellation)
    {
        using var stream = Ask(file, () => new FileStream(file.Path, FileMode.Open, FileAccess.Read, FileShare.Read), cancellation);
        var groups = Ask(file, () => CountOf(stream, cancellation).GetAwaiter().GetResult(), cancellation);
        var number = 0L;
        using var memory = new MemoryStream();
        for (var group = 0; group < groups; group++)
        {
            var at = group;
            var rows = Ask(
                file,
                () => ParquetSerializer.DeserializeUntypedAsync(stream, Texts, at, cancellationToken: cancellation)
                    .GetAwaiter().GetResult().Data,
                cancellation);
            foreach (var row in rows)
            {
                memory.SetLength(0);
                using (var writer = new Utf8JsonWriter(memory))
                    Write(writer, row);
                yield return (memory.GetBuffer().AsMemory(0, (int)memory.Length), ++number, file.Length * (group + 1) / groups);
            }
        }
    }

    private static async Task<int> CountOf(Stream stream, CancellationToken cancellation)
    {
        var reader = await ParquetReader.CreateAsync(stream, leaveStreamOpen: true, cancellationToken: cancellation);
        await using (reader)
            return reader.RowGroupCount;
    }

    // A damaged file may end in any exception of the library.
    private static T Ask<T>(SourceFile file, Func<T> call, CancellationToken cancellation)
    {
        try
        {
            return Interruptible.Run(call, cancellation);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw Unreadable(file, error);
        }
    }

    private static UserErrorException Unreadable(SourceFile file, Exception error) =>
        new($"{file.Path} cannot be read: {error.Message.TrimEnd('.')}; fix the file or remove it from --input.", error);

    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case ReadOnlyMemory<char> text:
                writer.WriteStringValue(text.Span);
                break;
            case bool known:
                writer.WriteBooleanValue(known);
                break;
            case double or float when !double.IsFinite(Convert.ToDouble(value, CultureInfo.InvariantCulture)):
                writer.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
            case sbyte or byte or short or ushort or int or uint or long or ulong or float or double or decimal:
                writer.WriteRawValue(Convert.ToString(value, CultureInfo.InvariantCulture)!);
                break;
            case DateTime time:
                writer.WriteStringValue(time);
                break;
            case byte[] bytes:
                writer.WriteBase64StringValue(bytes);
                break;
            case ReadOnlyMemory<byte> bytes:
                writer.WriteBase64StringValue(bytes.Span);
                break;
            case IDictionary fields:
                writer.WriteStartObject();
                foreach (DictionaryEntry field in fields)
                {
                    writer.WritePropertyName(Convert.ToString(field.Key, CultureInfo.InvariantCulture)!);
                    Write(writer, field.Value);
                }

                writer.WriteEndObject();
                break;
            case IEnumerable items:
                writer.WriteStartArray();
                foreach (var item in items)
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }
}
