using System.Text.RegularExpressions;

namespace ActorTrain.Architecture.Tests;

/// <summary>What documents refer to is there.</summary>
public sealed partial class DocumentTests
{
    private static IReadOnlyList<string> Documents { get; } =
        [.. new[] { "", "docs", "ops", "models", "tests" }.SelectMany(static folder => Directory.EnumerateFiles(
            Path.Combine(House.Root(), folder), "*.md", folder.Length == 0 ? SearchOption.TopDirectoryOnly : SearchOption.AllDirectories))];

    // A user's data, a name with a number in it, and a unit.
    private static IReadOnlyList<string> Examples { get; } = ["data/books", "tests/actors/Wire/corpus-N.txt", "actors/s"];

    [Fact]
    public void A_link_leads_to_a_file_and_a_heading_in_it()
    {
        List<string> dead = [];
        var count = 0;
        foreach (var document in Documents)
        {
            foreach (Match match in Link().Matches(File.ReadAllText(document)))
            {
                var (file, heading) = (match.Groups[1].Value, match.Groups[2].Value);
                if (file.Contains("://", StringComparison.Ordinal))
                    continue;
                count++;
                var target = file.Length == 0 ? document : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(document)!, file));
                if (!Path.Exists(target) || (heading.Length > 0 && !HeadingsOf(target).Contains(heading)))
                    dead.Add($"{Path.GetRelativePath(House.Root(), document)}: {match.Value}");
            }
        }

        count.ShouldBeGreaterThan(30);
        dead.ShouldBeEmpty();
    }

    /// <summary>Sources are named by their paths, with or without an ending, or a member behind it.</summary>
    [Fact]
    public void A_path_of_the_sources_leads_to_one()
    {
        List<string> dead = [];
        var count = 0;
        foreach (var document in Documents)
        {
            foreach (var name in SourcePath().Matches(File.ReadAllText(document)).Select(static match => match.Value).Except(Examples))
            {
                count++;
                var path = Path.Combine(House.Root(), name);
                var type = Path.Combine(Path.GetDirectoryName(path)!, Path.GetFileName(path).Split('.')[0]);
                if (!Path.Exists(path) && !File.Exists(type + ".cs"))
                    dead.Add($"{Path.GetRelativePath(House.Root(), document)}: {name}");
            }
        }

        count.ShouldBeGreaterThan(60);
        dead.ShouldBeEmpty();
    }

    private static IEnumerable<string> HeadingsOf(string document) =>
        Heading().Matches(File.ReadAllText(document)).Select(static match => NotInAnchor().Replace(match.Groups[1].Value.Trim()
            .ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"(?<![\w/.-])((?:models|data|persistence|actors|host|ops|tests|docs)/[\w-]+(?:[/.][\w-]+)*)(?![\w/*<…])")]
    private static partial Regex SourcePath();

    [GeneratedRegex("^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\s-]")]
    private static partial Regex NotInAnchor();
}
