using System.Text.RegularExpressions;

namespace ActorTrain.Architecture.Tests;

/// <summary>What an engineer can read at one sitting.</summary>
public sealed partial class SizeTests
{
    private const int LongestClass = 400;
    private const int LongestOrder = 300;

    [Fact]
    public void No_class_is_longer_than_four_hundred_lines_in_all_its_files()
    {
        var sizes = new Dictionary<string, int>();
        foreach (var file in Sources())
        {
            var lines = File.ReadAllLines(file);
            var name = lines.Select(static line => Namespace().Match(line)).First(static match => match.Success).Groups[1].Value;
            foreach (var (type, count) in Types(lines))
                sizes[$"{name}.{type}"] = sizes.GetValueOrDefault($"{name}.{type}") + count;
        }

        sizes.Count.ShouldBeGreaterThan(500);
        sizes.Where(static size => size.Value > LongestClass).Select(static size => $"{size.Key}: {size.Value}").ShouldBeEmpty();
    }

    [Fact]
    public void What_shows_the_order_of_a_run_shows_little_else() =>
        File.ReadAllLines(Path.Combine(House.Root(), "actors", "Run", "RunLogic.cs")).Length.ShouldBeLessThanOrEqualTo(LongestOrder);

    private static IEnumerable<string> Sources() =>
        from room in new[] { "models", "data", "persistence", "actors", "host", "ops/chaos", "ops/bench" }
        from file in Directory.EnumerateFiles(Path.Combine(House.Root(), room), "*.cs", SearchOption.AllDirectories)
        where File.ReadLines(file).Any(static line => Namespace().IsMatch(line))
        select file;

    // A type begins at the margin, and ends at the brace there; one without a body is a line or a few.
    private static IEnumerable<(string Type, int Lines)> Types(string[] lines)
    {
        for (var i = 0; i < lines.Length; i++)
        {
            if (Declaration().Match(lines[i]) is not { Success: true } match)
                continue;
            var end = Array.FindIndex(lines, i, static line => line.StartsWith('}') || (line.EndsWith(';') && !line.StartsWith(' ')));
            yield return (match.Groups[1].Value, (end < 0 ? lines.Length : end + 1) - i);
        }
    }

    [GeneratedRegex(@"^namespace ([\w.]+);")]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^(?:public|internal|file)\s(?:[a-z]+\s)*(?:class|record struct|record|struct|interface|enum)\s(\w+)")]
    private static partial Regex Declaration();
}
