using System.Text;

namespace ActorTrain.Host.Tests;

/// <summary>Finds the string literals of a C# source outside its comments. Pieces joined by + count as one; holes of interpolated strings
/// are shown as {…}, and literals within holes count by themselves.</summary>
internal sealed class StringLiterals
{
    private readonly string source;
    private readonly List<(int Start, int End, string Text)> found = [];

    private StringLiterals(string source) => this.source = source;

    /// <summary>The literals in their order.</summary>
    public static IReadOnlyList<string> Of(string source)
    {
        var literals = new StringLiterals(source);
        literals.Code(0, isHole: false);
        return literals.Joined();
    }

    private List<string> Joined()
    {
        var texts = new List<string>();
        var end = -1;
        foreach (var literal in found.OrderBy(static literal => literal.Start))
        {
            if (end >= 0 && literal.Start > end && source[end..literal.Start].Trim() == "+")
                texts[^1] += literal.Text;
            else
                texts.Add(literal.Text);
            end = literal.End;
        }

        return texts;
    }

    // Up to the end of the source or, of a hole, to its closing brace.
    private int Code(int at, bool isHole)
    {
        for (var depth = 0; at < source.Length;)
        {
            if (Is(at, "//"))
                at = From(source.IndexOf('\n', at));
            else if (Is(at, "/*"))
                at = From(source.IndexOf("*/", at + 2, StringComparison.Ordinal) + 2);
            else if (source[at] == '\'')
                at = Is(at + 1, "\\") ? source.IndexOf('\'', at + 3) + 1 : at + 3;
            else if (Opens(at, out var opening))
                at = Literal(at, opening);
            else if (isHole && depth == 0 && source[at] is '}' or ':')
                return source.IndexOf('}', at);
            else
            {
                depth += source[at] is '(' or '[' or '{' ? 1 : source[at] is ')' or ']' or '}' ? -1 : 0;
                at++;
            }
        }

        return at;
    }

    private int Literal(int start, Opening opening)
    {
        var text = new StringBuilder();
        var at = start + opening.Length;
        while (!Is(at, opening.Closing) || (opening.IsVerbatim && Is(at, "\"\"")))
        {
            if (opening.Holes > 0 && Is(at, new string('{', opening.Holes)) && !(opening.IsEscaped && Is(at, "{{")))
            {
                while (Is(at + opening.Holes, "{"))
                    text.Append(source[at++]);
                text.Append("{…}");
                at = Code(at + opening.Holes, isHole: true) + opening.Holes;
                continue;
            }

            if ((opening.IsVerbatim && Is(at, "\"\"")) || (opening is { Holes: > 0, IsEscaped: true } && (Is(at, "{{") || Is(at, "}}"))))
                at++;
            else if (opening is { IsEscaped: true, IsVerbatim: false } && source[at] == '\\' && source[at + 1] is var next)
            {
                text.Append(next is '"' or '\\' ? "" : "\\");
                at++;
            }

            text.Append(source[at++]);
        }

        at += opening.Closing.Length;
        found.Add((start, at, opening.IsEscaped ? text.ToString() : Dedented(text.ToString())));
        return at;
    }

    private bool Opens(int at, out Opening opening)
    {
        var quote = at;
        while (quote < source.Length && source[quote] is '$' or '@')
            quote++;
        var (holes, isVerbatim) = (source[at..quote].Count(static c => c == '$'), source[at..quote].Contains('@'));
        var quotes = 0;
        while (quote + quotes < source.Length && source[quote + quotes] == '"')
            quotes++;
        var isRaw = quotes >= 3 && !isVerbatim;
        var count = isRaw ? quotes : 1;
        opening = new Opening(quote + count - at, new string('"', count), isRaw ? holes : Math.Min(holes, 1), isVerbatim, !isRaw);
        return quotes > 0;
    }

    private static string Dedented(string text)
    {
        if (text.IndexOf('\n') < 0)
            return text;
        var lines = text.Split('\n');
        var indent = lines[^1].Length;
        return string.Join('\n', lines[1..^1].Select(line => line.Length > indent ? line[indent..] : line.TrimStart()));
    }

    private bool Is(int at, string text) => string.CompareOrdinal(source, at, text, 0, text.Length) == 0;

    private int From(int found) => found <= 0 ? source.Length : found;

    private readonly record struct Opening(int Length, string Closing, int Holes, bool IsVerbatim, bool IsEscaped);
}
