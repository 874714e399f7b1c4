using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Models.Files;

namespace ActorTrain.Persistence.Logs;

/// <summary>How the rows of a <see cref="JsonLinesLog{T}"/> are written and read.</summary>
/// <param name="Name">The file in messages, such as <c>metrics file</c>.</param>
/// <param name="RowName">A line in messages, such as <c>row of metrics</c>.</param>
/// <param name="Write">A row as one line of UTF-8 JSON, without its end.</param>
/// <param name="Parse">Null if the line is not a row; may throw <see cref="JsonException"/>.</param>
internal sealed record JsonLinesFormat<T>(string Name, string RowName, Func<T, byte[]> Write, Func<byte[], T?> Parse)
    where T : class
{
    private const byte NewLine = (byte)'\n';
    private const int BufferSize = 1 << 16;

    /// <summary>What to do about a line that is not a row.</summary>
    public string Advice { get; init; } = "remove that line";

    /// <summary>Reads the rows one by one, even while a run appends to them. Skips a torn last line; a missing file has none.</summary>
    /// <exception cref="UserErrorException">Another line is not a row, and the message names it; or a disk error.</exception>
    public IEnumerable<JsonLine<T>> Read(string path)
    {
        if (!File.Exists(path))
            yield break;
        using var stream = Disk.Attempt($"Cannot read the {Name} {path}", () =>
            new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0));
        JsonLine<T>? torn = null;
        foreach (var line in Lines(stream))
        {
            if (torn is { } unreadable)
                throw NotARow(path, unreadable.Number);
            if (line.Row is not null)
                yield return line;
            else if (line.IsForeign)
                throw NotARow(path, line.Number);
            else
                torn = line;
        }
    }

    /// <summary>All lines of a file, including those that are not rows.</summary>
    public IEnumerable<JsonLine<T>> Lines(Stream stream)
    {
        var buffer = new byte[BufferSize];
        var (from, to, number) = (0, 0, 1L);
        for (long offset = 0; ;)
        {
            var end = Array.IndexOf(buffer, NewLine, from, to - from);
            if (end >= 0)
            {
                yield return LineOf(number++, offset, buffer[from..end], isEnded: true);
                offset += end + 1 - from;
                from = end + 1;
                continue;
            }

            Buffer.BlockCopy(buffer, from, buffer, 0, to - from);
            (from, to) = (0, to - from);
            if (to == buffer.Length)
                Array.Resize(ref buffer, 2 * buffer.Length);
            var read = Disk.Attempt($"Cannot read the {Name}", () => stream.Read(buffer, to, buffer.Length - to));
            to += read;
            if (read > 0)
                continue;
            if (to > 0)
                yield return LineOf(number, offset, buffer[..to], isEnded: false);
            yield break;
        }
    }

    /// <summary>The row that begins at an offset; null if none does.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public T? RowAt(string path, long offset) => Disk.Attempt($"Cannot read the {Name} {path}", () =>
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        stream.Seek(offset, SeekOrigin.Begin);
        return Lines(stream).FirstOrDefault().Row;
    });

    public UserErrorException NotARow(string path, long number) => new($"{path}, line {number}, is not a {RowName}; {Advice}.");

    private JsonLine<T> LineOf(long number, long offset, byte[] text, bool isEnded)
    {
        try
        {
            if (Parse(text) is { } row)
                return new JsonLine<T>(row, number, offset, text.Length, isEnded, IsForeign: false);
        }
        catch (JsonException)
        {
        }

        return new JsonLine<T>(null, number, offset, text.Length, isEnded, IsJson(text));
    }

    private static bool IsJson(byte[] text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

/// <param name="Row">Null if the line is not a row.</param>
/// <param name="Number">From 1.</param>
/// <param name="Offset">In bytes.</param>
/// <param name="Length">In bytes, without the line feed.</param>
/// <param name="IsForeign">Whether it is valid JSON but not a row: no kill or power cut can have made it.</param>
internal readonly record struct JsonLine<T>(T? Row, long Number, long Offset, int Length, bool IsEnded, bool IsForeign)
    where T : class;
