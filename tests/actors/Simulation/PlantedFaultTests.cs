using System.Runtime.CompilerServices;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Each patch of <c>planted/</c> is a fault that the simulation, or the tests that the patch names, must find; <c>make
/// planted</c> shows that they do.</summary>
public sealed class PlantedFaultTests
{
    public static TheoryData<string> Names => [.. Directory.GetFiles(Folder(), "*.patch").Order().Select(static file => Path.GetFileNameWithoutExtension(file)!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_planted_fault_still_applies_to_the_sources(string name)
    {
        var lines = File.ReadAllLines(Path.Combine(Folder(), name + ".patch"));
        var file = lines.First(static line => line.StartsWith("+++ b/", StringComparison.Ordinal)).Split('\t')[0]["+++ b/".Length..];
        var source = File.ReadAllText(Path.Combine(Folder(), "..", "..", "..", "..", file));
        var hunks = Hunks(lines).ToList();
        hunks.ShouldNotBeEmpty();
        foreach (var hunk in hunks)
        {
            var place = source.IndexOf(hunk, StringComparison.Ordinal);
            place.ShouldBeGreaterThanOrEqualTo(0, "the source has changed; make the patch anew");
            source.LastIndexOf(hunk, StringComparison.Ordinal).ShouldBe(place, "the patch may apply in two places; give it more context");
        }
    }

    // What each hunk changes, as it stands in the source.
    private static IEnumerable<string> Hunks(string[] lines)
    {
        List<int> starts =
            [.. Enumerable.Range(0, lines.Length).Where(i => lines[i].StartsWith("@@", StringComparison.Ordinal)), lines.Length];
        return starts.Zip(starts.Skip(1), (from, to) => string.Concat(
            lines[(from + 1)..to].Where(static line => line.StartsWith(' ') || line.StartsWith('-'))
                .Select(static line => line[1..] + "\n")));
    }

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "planted");
}
