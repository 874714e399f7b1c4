using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace ActorTrain.Host.Tests;

/// <summary>messages.txt holds every sentence of the product's sources, so that a change of wording is reviewed as a diff.</summary>
/// <remarks>ACTORTRAIN_REWRITE=1 rewrites the file.</remarks>
public sealed partial class MessagesTests
{
    private const int FewestWords = 3;

    [Fact]
    public void The_messages_are_those_of_the_file()
    {
        var written = string.Concat(
            from room in new[] { "actors", "data", "host", "models", "ops/chaos", "persistence" }
            from file in Directory.EnumerateFiles(Path.Combine(Root(), room), "*.cs", SearchOption.AllDirectories)
            let name = Path.GetRelativePath(Root(), file)
            where !name.Contains("/obj/", StringComparison.Ordinal) && !name.Contains("/bin/", StringComparison.Ordinal)
            orderby name.Replace('/', '\0') // A folder's files before those of its neighbours.
            let sentences = StringLiterals.Of(File.ReadAllText(file)).Where(static text => Word().Count(text) >= FewestWords).ToList()
            where sentences.Count > 0
            select $"{name}\n{string.Concat(sentences.Select(static text => $"  {text.Trim().Replace("\n", "\n    ")}\n"))}\n");
        var page = Path.Combine(Root(), "tests", "host", "messages.txt");
        if (Environment.GetEnvironmentVariable("ACTORTRAIN_REWRITE") == "1")
            File.WriteAllText(page, written);
        written.ShouldBe(File.ReadAllText(page), "The messages differ from tests/host/messages.txt; ACTORTRAIN_REWRITE=1 rewrites it.");
    }

    [Fact]
    public void Literals_are_found_outside_comments_with_their_holes()
    {
        const string Source = """""
            // no "comment"
            var a = $"step {step:0.#} of {(all > 1 ? "many" : "one")}; " /* nor "this" */;
            var b = "one " + $"{x} \"two\"\n"; char c = '"', d = '\'';
            var e = @"a ""path"" \n"; var f = $$"""{ {{value}} }""";
            var g = """
                first
                  second
                """;
            """"";
        StringLiterals.Of(Source).ShouldBe(
            ["step {…} of {…}; ", "many", "one", "one {…} \"two\"\\n", "a \"path\" \\n", "{ {…} }", "first\n  second"]);
    }

    private static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));

    [GeneratedRegex(@"(?<=^|[\s(""'`])\p{L}[\p{L}'’-]+(?=$|[\s.,;:?!)""'`])", RegexOptions.Multiline)]
    private static partial Regex Word();
}
