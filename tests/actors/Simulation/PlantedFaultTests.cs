using System.Runtime.CompilerServices;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Each patch of <c>planted/</c> is a fault that the simulation must find; <c>make planted</c> shows that it does.</summary>
public sealed class PlantedFaultTests
{
    [Theory]
    [InlineData("judgements-of-an-outlier-kept")]
    [InlineData("late-rollouts-by-newest-weights")]
    [InlineData("rollouts-of-skipped-prompts")]
    [InlineData("save-announced-before-its-sync")]
    [InlineData("stale-generation-accepted")]
    [InlineData("update-applied-twice")]
    [InlineData("wrong-rollouts-read-again")]
    public void A_planted_fault_still_applies_to_the_sources(string name)
    {
        var lines = File.ReadAllLines(Path.Combine(Folder(), name + ".patch"));
        var source = File.ReadAllText(Path.Combine(Folder(), "..", "..", "..", "..", lines[1].Split('\t')[0]["+++ b/".Length..]));
        var hunks = Hunks(lines).ToList();
        hunks.ShouldNotBeEmpty();
        foreach (var hunk in hunks)
        {
            var place = source.IndexOf(hunk, StringComparison.Ordinal);
            place.ShouldBeGreaterThanOrEqualTo(0, "the source has changed; make the patch anew");
            source.LastIndexOf(hunk, StringComparison.Ordinal).ShouldBe(place, "the patch may apply in two places; give it more context");
        }
    }

    [Fact]
    public void Every_planted_fault_is_tested() => Directory.GetFiles(Folder(), "*.patch").Length.ShouldBe(7);

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
