namespace ActorTrain.Data.Rewards;

/// <summary>Finds decimal numbers in text, of any size and precision.</summary>
internal static class DecimalNumber
{
    private const int GroupDigits = 3;

    /// <summary>The last number of a text in canonical form, so that equal numbers are equal texts: <c>-0,100.50</c> is <c>-100.5</c>;
    /// null if there is none.</summary>
    /// <remarks>A number is digits, from left to right, with commas between groups of three or without, and perhaps a point and further
    /// digits. A minus sign belongs to it unless a letter, a digit or a bracket is ahead: 7-2 ends in 2.</remarks>
    public static string? LastOf(string text)
    {
        string? last = null;
        for (var at = 0; at < text.Length;)
        {
            if (!char.IsAsciiDigit(text[at]))
            {
                at++;
                continue;
            }

            var whole = WholeEnd(text, at);
            var end = whole < text.Length && text[whole] == '.' ? DigitsEnd(text, whole + 1) : whole;
            last = Canonical(IsNegative(text, at), text[at..whole], text[whole..end]);
            at = end;
        }

        return last;
    }

    private static int WholeEnd(string text, int start)
    {
        var end = DigitsEnd(text, start);
        if (end - start > GroupDigits)
            return end;
        while (IsGroup(text, end))
            end += GroupDigits + 1;
        return end;
    }

    private static bool IsGroup(string text, int comma) =>
        comma < text.Length && text[comma] == ',' && DigitsEnd(text, comma + 1) == comma + 1 + GroupDigits;

    private static int DigitsEnd(string text, int at)
    {
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        return at;
    }

    private static bool IsNegative(string text, int start) =>
        start > 0 && text[start - 1] == '-'
        && (start == 1 || !(char.IsLetterOrDigit(text[start - 2]) || text[start - 2] is ')' or ']' or '}'));

    private static string Canonical(bool isNegative, string whole, string fraction)
    {
        var digits = whole.Replace(",", "", StringComparison.Ordinal).TrimStart('0');
        var value = (digits.Length == 0 ? "0" : digits) + fraction.TrimEnd('0').TrimEnd('.');
        return isNegative && value != "0" ? $"-{value}" : value;
    }
}
