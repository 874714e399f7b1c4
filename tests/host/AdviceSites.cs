using System.Text.RegularExpressions;

namespace ActorTrain.Host.Tests;

/// <summary>The sentences with which preparing text and opening prepared data refuse, as their sources have them.</summary>
internal static partial class AdviceSites
{
    /// <summary>Of every sentence in the source of <c>data</c>, the longest part that no value is put into.</summary>
    public static IEnumerable<string> All()
    {
        var source = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(source, "ActorTrain.sln")))
            source = Path.GetDirectoryName(source) ?? throw new InvalidOperationException("The source is not above the tests.");
        foreach (var file in Directory.EnumerateFiles(Path.Combine(source, "data"), "*.cs", SearchOption.AllDirectories))
        {
            foreach (Match statement in Thrown().Matches(File.ReadAllText(file)))
            {
                var parts = Literal().Matches(Hole().Replace(Hole().Replace(statement.Value, "\u0001"), "\u0001"))
                    .SelectMany(static literal => literal.Groups[1].Value.Split('\u0001'));
                yield return parts.MaxBy(static part => part.Length).ShouldNotBeNull(statement.Value);
            }
        }
    }

    [GeneratedRegex(@"UserErrorException(?: \w+\([^)]*\) =>\s*new)?\((?:[^;""]|""(?:[^""\\]|\\.)*"")*;")]
    private static partial Regex Thrown();

    [GeneratedRegex(@"\{[^{}]*\}")]
    private static partial Regex Hole();

    [GeneratedRegex(@"""((?:[^""\\]|\\.)*)""")]
    private static partial Regex Literal();
}
