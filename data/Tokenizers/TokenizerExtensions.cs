using System.Buffers;
using System.Text;

namespace ActorTrain.Data.Tokenizers;

public static class TokenizerExtensions
{
    /// <summary>Unpaired surrogates, which UTF-8 cannot encode, become U+FFFD.</summary>
    public static int[] Encode(this ITokenizer tokenizer, string text)
    {
        var ids = new ArrayBufferWriter<int>();
        tokenizer.Encode(Encoding.UTF8.GetBytes(text), ids);
        return ids.WrittenSpan.ToArray();
    }

    /// <summary>Bytes of text per id; 0 for those, such as the end of text, that are not text.</summary>
    public static int[] ByteCounts(this ITokenizer tokenizer)
    {
        var counts = new int[tokenizer.VocabularySize];
        var utf8 = new ArrayBufferWriter<byte>();
        for (var id = 0; id < counts.Length; id++)
        {
            utf8.ResetWrittenCount();
            tokenizer.Decode([id], utf8);
            counts[id] = utf8.WrittenCount;
        }

        return counts;
    }

    /// <summary>The tokens that no text encodes to, by name: the end of text, and those that are reserved.</summary>
    public static IReadOnlyDictionary<string, int> SpecialTokens(this ITokenizer tokenizer)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal) { [SentencePieceTokenizer.EndOfTextPiece] = tokenizer.EndOfText };
        if (tokenizer is SpecialTokenizer reserved)
        {
            foreach (var (at, name) in reserved.Names.Index())
                ids.Add(name, reserved.Base.VocabularySize + at);
        }

        return ids;
    }

    /// <summary>The text of ids with special tokens as their names, for display only: a text may contain such a name.</summary>
    public static string Display(this ITokenizer tokenizer, ReadOnlySpan<int> ids)
    {
        var names = tokenizer.SpecialTokens().ToDictionary(static token => token.Value, static token => Encoding.UTF8.GetBytes(token.Key));
        var utf8 = new ArrayBufferWriter<byte>();
        foreach (var id in ids)
        {
            if (names.TryGetValue(id, out var name))
                utf8.Write(name);
            else
                tokenizer.Decode([id], utf8);
        }

        return Encoding.UTF8.GetString(utf8.WrittenSpan);
    }

    /// <summary>Invalid bytes become U+FFFD.</summary>
    public static string Decode(this ITokenizer tokenizer, ReadOnlySpan<int> ids)
    {
        var utf8 = new ArrayBufferWriter<byte>();
        tokenizer.Decode(ids, utf8);
        return Encoding.UTF8.GetString(utf8.WrittenSpan);
    }
}
