using System.Buffers.Text;
using System.Text.Json;
using ActorTrain.Models;

namespace ActorTrain.Data.Sources;

/// <summary>Extracts the text from the lines of a <c>.jsonl</c> file.</summary>
/// <param name="replaced">Counts replaced surrogates; null if they are rejected.</param>
internal sealed class JsonRecord(string file, string field, Replacements? replaced)
{
    private static readonly JsonReaderOptions Depth = new() { MaxDepth = 1024 };

    // The keys found on the way to the text, as parts of the path.
    private readonly HashSet<Range> met = [];
    private byte[] text = new byte[1 << 16];
    private bool isAmbiguous;

    /// <summary>The text of one record in UTF-8, null for a blank line. Valid until the next call.</summary>
    /// <exception cref="UserErrorException">The line is not a JSON object, or does not have exactly one such text.</exception>
    public ReadOnlyMemory<byte>? TextOf(ReadOnlyMemory<byte> line, long number)
    {
        if (RecordLines.IsBlank(line))
            return null;
        try
        {
            var found = TextOf(replaced is null ? line : SurrogateEscapes.Repaired(line, replaced));
            if (isAmbiguous)
                throw new UserErrorException(
                    $"{file}, line {number}, has the field \"{field}\" more than once: "
                    + "its text is ambiguous; remove all but one of them, or the line.");
            return found
                ?? throw new UserErrorException(
                    $"{file}, line {number}, has no text in the field \"{field}\": "
                    + "name the right field with --text-field (a.b for a nested field), or fix the line.");
        }
        catch (JsonException error)
        {
            throw new UserErrorException(
                $"{file}, line {number}, is not a JSON object (at byte {error.BytePositionInLine ?? 0} of the line): "
                + "fix the line or remove it.", error);
        }
        catch (InvalidOperationException error)
        {
            throw new UserErrorException(
                $"{file}, line {number}, has an unpaired surrogate, which is not a character: "
                + "fix the line, or pass --lenient to replace it with U+FFFD.", error);
        }
    }

    private ReadOnlyMemory<byte>? TextOf(ReadOnlyMemory<byte> line)
    {
        var json = new Utf8JsonReader(line.Span, Depth);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            throw new JsonException(null, null, 0, 0);
        met.Clear();
        isAmbiguous = false;
        var length = LengthOf(ref json, 0);

        // Throws if anything follows the object.
        json.Read();
        return length is { } known ? new ReadOnlyMemory<byte>(text, 0, known) : new ReadOnlyMemory<byte>?();
    }

    /// <summary>Reads an object to its end and copies the text at a path of it: a field, or a field of the object in a field, and so
    /// on.</summary>
    /// <param name="from">Where the rest of the path, within this object, begins.</param>
    private int? LengthOf(ref Utf8JsonReader json, int from)
    {
        int? length = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var end = EndOf(ref json, from);
            isAmbiguous |= end is { } known && !met.Add(from..known);
            json.Read();
            var found = end == field.Length && json.TokenType == JsonTokenType.String ? Copy(ref json)
                : end < field.Length && json.TokenType == JsonTokenType.StartObject ? LengthOf(ref json, end.Value + 1)
                : null;
            isAmbiguous |= found is not null && length is not null;
            length = found ?? length;
            json.Skip();
        }

        return length;
    }

    /// <summary>Where the reader's current key ends within the path; null if the path does not contain it.</summary>
    private int? EndOf(ref Utf8JsonReader json, int from)
    {
        for (var at = from; at < field.Length; at++)
        {
            if (field[at] == '.' && json.ValueTextEquals(field.AsSpan(from, at - from)))
                return at;
        }

        return json.ValueTextEquals(field.AsSpan(from)) ? field.Length : null;
    }

    private int Copy(ref Utf8JsonReader json)
    {
        // Unescaping never lengthens a string.
        if (text.Length < json.ValueSpan.Length)
            text = new byte[json.ValueSpan.Length];
        return json.CopyString(text);
    }
}

/// <summary>Replaces escapes of unpaired surrogates, which JSON's grammar allows and UTF-8 cannot encode.</summary>
internal static class SurrogateEscapes
{
    private const int Escape = 6;

    public static ReadOnlyMemory<byte> Repaired(ReadOnlyMemory<byte> line, Replacements replaced)
    {
        if (line.Span.IndexOf("\\u"u8) < 0)
            return line;
        var repaired = line.ToArray();
        for (var i = 0; i < repaired.Length;)
        {
            if (repaired[i] != '\\')
                i++;
            else if (UnitAt(repaired, i) is not { } unit)
                i += 2;
            else if (char.IsHighSurrogate(unit) && UnitAt(repaired, i + Escape) is { } next && char.IsLowSurrogate(next))
                i += 2 * Escape;
            else
            {
                if (char.IsSurrogate(unit))
                {
                    "fffd"u8.CopyTo(repaired.AsSpan(i + 2));
                    replaced.Count++;
                }

                i += Escape;
            }
        }

        return repaired;
    }

    private static char? UnitAt(ReadOnlySpan<byte> text, int at) =>
        at + Escape <= text.Length && text[at] == '\\' && text[at + 1] == 'u'
        && Utf8Parser.TryParse(text.Slice(at + 2, 4), out ushort unit, out var read, 'x') && read == 4
            ? (char)unit
            : null;
}
