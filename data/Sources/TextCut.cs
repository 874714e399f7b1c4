namespace ActorTrain.Data.Sources;

/// <summary>Where to split text that is too long, such that the pieces are tokenized like the whole wherever possible.</summary>
internal static class TextCut
{
    /// <summary>A position from <paramref name="least"/> to less than twice that: after the first blank line, else after the first line
    /// end, else before the first space, else between two characters. Text of up to twice <paramref name="least"/> bytes is not
    /// split.</summary>
    public static int At(ReadOnlySpan<byte> text, int least)
    {
        if (text.Length <= 2 * least)
            return text.Length;
        var reach = text[least..(2 * least)];
        if (reach.IndexOf("\n\n"u8) is var paragraph and >= 0)
            return least + paragraph + 2;
        if (reach.IndexOf("\n\r\n"u8) is var paragraphOfDos and >= 0)
            return least + paragraphOfDos + 3;
        if (reach.IndexOf((byte)'\n') is var line and >= 0)
            return least + line + 1;
        return reach.IndexOf((byte)' ') is var space and >= 0 ? least + space : Utf8Text.CharacterBoundary(text, 2 * least);
    }
}
