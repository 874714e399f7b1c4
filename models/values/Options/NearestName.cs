namespace ActorTrain.Models.Options;

public static class NearestName
{
    /// <summary>The candidate with the smallest edit distance to <paramref name="given"/>; null if none is similar.</summary>
    /// <remarks>Similar means that fewer than half of its letters must change, or that <paramref name="given"/> only omits letters of it,
    /// as <c>bf16</c> does. Of equally near ones the first wins.</remarks>
    public static string? Of(string given, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(given);
        ArgumentNullException.ThrowIfNull(candidates);
        return candidates
            .Select(candidate => (Name: candidate, Distance: Distance(given.ToUpperInvariant(), candidate.ToUpperInvariant())))
            .Where(pair => 2 * pair.Distance < Math.Max(given.Length, pair.Name.Length) || Abbreviates(given, pair.Name))
            .OrderBy(static pair => pair.Distance)
            .Select(static pair => pair.Name)
            .FirstOrDefault();
    }

    /// <summary>The words <c>; did you mean 'x'?</c>, or <paramref name="otherwise"/> if no candidate is similar.</summary>
    public static string Hint(string given, IEnumerable<string> candidates, string otherwise = ".") =>
        Of(given, candidates) is { } name ? $"; did you mean '{name}'?" : otherwise;

    private static bool Abbreviates(string given, string name)
    {
        if (given.Length < 2 || name.Length == 0 || given[0] != name[0])
            return false;
        var found = 0;
        foreach (var letter in name)
            found += found < given.Length && given[found] == letter ? 1 : 0;
        return found == given.Length;
    }

    // Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours each count 1.
    private static int Distance(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    cost[i, j] = i + j;
                    continue;
                }

                var best = Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1;
                best = Math.Min(best, cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    best = Math.Min(best, cost[i - 2, j - 2] + 1);
                cost[i, j] = best;
            }
        }

        return cost[a.Length, b.Length];
    }
}
