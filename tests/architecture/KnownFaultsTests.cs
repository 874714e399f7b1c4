using System.Text.RegularExpressions;

namespace ActorTrain.Architecture.Tests;

/// <summary>The page of public faults and the tests that keep them out name the same reports.</summary>
public sealed partial class KnownFaultsTests
{
    private static readonly IReadOnlyList<Row> Rows = [.. File.ReadLines(Path.Combine(House.Root(), "docs", "known-faults.md"))
        .Where(static line => line.StartsWith('|')).Select(static line => line.Split('|', StringSplitOptions.TrimEntries))
        .Where(static cells => cells[1].Length > 0 && cells[1] != "reports" && !cells[1].StartsWith("---", StringComparison.Ordinal))
        .Select(static cells => new Row(cells[1], [.. TestClass().Matches(cells[^2]).Select(static match => match.Groups[1].Value)]))];

    // By the name of the class; classes of one name count as one.
    private static readonly ILookup<string, string> Sources = Directory
        .EnumerateFiles(Path.Combine(House.Root(), "tests"), "*Tests.cs", SearchOption.AllDirectories)
        .ToLookup(static file => Path.GetFileNameWithoutExtension(file), File.ReadAllText);

    [Fact]
    public void Every_report_of_the_page_is_named_by_one_of_its_tests()
    {
        List<string> missing = [];
        var count = 0;
        foreach (var row in Rows)
        {
            row.Tests.ShouldNotBeEmpty(row.Name);
            missing.AddRange(row.Tests.Where(static test => !Sources.Contains(test)).Select(test => $"{row.Name}: there is no {test}"));
            foreach (var report in ReportsIn(row.Name))
            {
                count++;
                if (!row.Tests.SelectMany(static test => Sources[test]).Any(text => ReportsIn(text).Contains(report)))
                    missing.Add($"{report} is named by none of {string.Join(", ", row.Tests)}");
            }
        }

        count.ShouldBeGreaterThan(70);
        missing.ShouldBeEmpty();
    }

    [Fact]
    public void Every_report_that_a_test_names_is_on_the_page()
    {
        var known = Rows.SelectMany(static row => ReportsIn(row.Name)).ToHashSet();
        Sources.SelectMany(static source => source.SelectMany(ReportsIn)).Distinct().Where(report => !known.Contains(report))
            .ShouldBeEmpty();
    }

    [Fact]
    public void What_holds_for_every_run_has_tests() =>
        Rows.Select(static row => row.Name).Where(static name => Promise().IsMatch(name))
            .ShouldBe(Enumerable.Range(1, 12).Select(static i => $"A{i}"));

    private static IEnumerable<string> ReportsIn(string text) => Report().Matches(text).Select(static match => match.Value);

    [GeneratedRegex(@"(?<![\w/])[A-Za-z][\w-]*(?:/[\w-]+)?#\d+\b|\b(?:verl|slime|NeMo-RL) \w+\.py\b")]
    private static partial Regex Report();

    [GeneratedRegex(@"`(\w+Tests)`")]
    private static partial Regex TestClass();

    [GeneratedRegex(@"^A\d+$")]
    private static partial Regex Promise();

    private sealed record Row(string Name, IReadOnlyList<string> Tests);
}
