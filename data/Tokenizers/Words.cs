namespace ActorTrain.Data.Tokenizers;

/// <summary>Splits text into what SentencePiece gets: words, each with the one space before it, and the characters that are encoded byte by
/// byte.</summary>
/// <remarks>SentencePiece never lets a piece span a space, so encoding word by word equals encoding the whole, and a word's ids can be
/// cached. Control characters (newline and tab among them) and the two characters that SentencePiece uses as its own marks, U+2581 for a
/// space and U+2585 for the unknown, bypass it and are encoded as bytes: this makes decode(encode(text)) exact.</remarks>
internal static class Words
{
    private const byte FirstPrintable = 0x20;

    /// <summary>Length of the word at the head of the text, at least 1.</summary>
    public static int Length(ReadOnlySpan<byte> text)
    {
        var at = 1;
        while (at < text.Length && text[at] > FirstPrintable && !IsMark(text[at..]))
            at++;
        return at;
    }

    /// <summary>Length of the sentence at the head of the text: up to the next character that is encoded byte by byte.</summary>
    public static int SentenceLength(ReadOnlySpan<byte> text)
    {
        var at = 0;
        while (at < text.Length && BytewiseLength(text[at..]) == 0)
            at++;
        return at;
    }

    /// <summary>Length of the character at the head of the text if it is encoded byte by byte, else 0.</summary>
    public static int BytewiseLength(ReadOnlySpan<byte> text) => text[0] < FirstPrintable ? 1 : IsMark(text) ? 3 : 0;

    private static bool IsMark(ReadOnlySpan<byte> text) =>
        text[0] == 0xE2 && text.Length >= 3 && text[1] == 0x96 && (text[2] is 0x81 or 0x85);
}
