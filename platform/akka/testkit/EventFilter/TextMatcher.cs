using System.Text.RegularExpressions;

namespace Akka.TestKit.Internal;

/// <summary>What a filter asks of the text of an event, with words for it.</summary>
internal sealed class TextMatcher(string description, Func<string, bool> accepts)
{
    private static readonly TextMatcher Any = new("", static _ => true);

    internal static TextMatcher Of(string? message, string? start, string? contains) =>
        message is not null ? new($" when Message == \"{message}\"", text => text == message)
        : start is not null ? new($" when Message starts with \"{start}\"", text => text.StartsWith(start, StringComparison.Ordinal))
        : contains is not null ? new($" when Message contains \"{contains}\"", text => text.Contains(contains, StringComparison.Ordinal))
        : Any;

    internal static TextMatcher Matching(Regex pattern) => new($" when Message matches regex \"{pattern}\"", pattern.IsMatch);

    internal static string Source(string? source) => source is null ? "" : $" from \"{source}\"";

    internal bool Accepts(object? message) => accepts(message?.ToString() ?? "null");

    /// <inheritdoc/>
    public override string ToString() => description;
}
