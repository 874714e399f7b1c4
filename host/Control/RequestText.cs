using System.Globalization;
using System.Text;

namespace ActorTrain.Host.Control;

/// <summary>Text that came with a request, fit for a terminal, the journal and the log: one short line without control
/// characters.</summary>
internal static class RequestText
{
    private const int LongestName = 64, LongestReason = 256;

    /// <summary>Who asks, as the journal names them.</summary>
    public static string By(string? given) => OneLine(given, LongestName) is { Length: > 0 } name ? name : Environment.UserName;

    /// <summary>Why, as the journal states it.</summary>
    public static string Reason(string? given) =>
        OneLine(given, LongestReason) is { Length: > 0 } reason ? reason : "requested through the control socket";

    /// <summary>What is wrong with a request, of which it may repeat a part.</summary>
    public static string Detail(string sentence) => OneLine(sentence, ControlApi.LongestBody);

    private static string OneLine(string? text, int longest)
    {
        var line = new StringBuilder();
        foreach (var letter in (text ?? "").EnumerateRunes().Where(IsShown).Take(longest))
            line.Append(Rune.IsWhiteSpace(letter) ? " " : letter.ToString());
        return line.ToString().Trim();
    }

    // A line feed or a tab becomes a blank; a change of direction or an escape disappears.
    private static bool IsShown(Rune letter) => Rune.IsWhiteSpace(letter)
        || Rune.GetUnicodeCategory(letter) is not (UnicodeCategory.Control or UnicodeCategory.Format);
}
