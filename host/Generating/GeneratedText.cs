using System.Buffers;
using System.Text;
using ActorTrain.Data.Tokenizers;

namespace ActorTrain.Host.Generating;

/// <summary>A text as its tokens arrive. A token may end within a character, or within what may become a stop text; such an end is held
/// back until what follows decides.</summary>
/// <param name="stops">Texts before the first of which it ends, none of them empty.</param>
/// <param name="lead">Not shown if it begins with it.</param>
internal sealed class GeneratedText(ITokenizer tokenizer, IReadOnlyList<string> stops, string lead = "")
{
    private byte[]? lead = Encoding.UTF8.GetBytes(lead);
    private readonly byte[][] stops = [.. stops.Select(Encoding.UTF8.GetBytes)];
    private readonly Decoder characters = Encoding.UTF8.GetDecoder();
    private readonly ArrayBufferWriter<byte> held = new();

    /// <summary>Whether a stop text has ended it.</summary>
    public bool IsStopped { get; private set; }

    /// <returns>What can be shown now.</returns>
    public string Add(int token)
    {
        tokenizer.Decode([token], held);
        if (!IsBehindLead())
            return "";
        var bytes = held.WrittenSpan;
        var end = bytes.Length;
        foreach (var stop in stops)
        {
            if (bytes.IndexOf(stop) is >= 0 and var at)
                (end, IsStopped) = (Math.Min(end, at), true);
        }

        var shown = IsStopped ? end : end - LongestBeginning(bytes);
        var text = Characters(bytes[..shown], flush: IsStopped);
        var rest = IsStopped ? [] : bytes[shown..].ToArray();
        held.ResetWrittenCount();
        held.Write(rest);
        return text;
    }

    /// <summary>Ends the text.</summary>
    /// <returns>What was held back.</returns>
    public string End()
    {
        var text = Characters(held.WrittenSpan, flush: true);
        held.ResetWrittenCount();
        return text;
    }

    private bool IsBehindLead()
    {
        if (lead is null)
            return true;
        var bytes = held.WrittenSpan;
        if (bytes.Length < lead.Length && lead.AsSpan().StartsWith(bytes))
            return false;
        var rest = bytes.StartsWith(lead) ? bytes[lead.Length..].ToArray() : bytes.ToArray();
        lead = null;
        held.ResetWrittenCount();
        held.Write(rest);
        return true;
    }

    // Of a stop text, at the end of the bytes.
    private int LongestBeginning(ReadOnlySpan<byte> bytes)
    {
        var longest = 0;
        foreach (var stop in stops)
        {
            for (var length = Math.Min(stop.Length - 1, bytes.Length); length > longest; length--)
            {
                if (bytes.EndsWith(stop.AsSpan(0, length)))
                    longest = length;
            }
        }

        return longest;
    }

    private string Characters(ReadOnlySpan<byte> bytes, bool flush)
    {
        var made = new char[characters.GetCharCount(bytes, flush)];
        characters.GetChars(bytes, made, flush);
        return new string(made);
    }
}
