using ActorTrain.Data.Shards;

namespace ActorTrain.Data.Plan;

/// <summary>Each pair's prompt with the preferred answer to another prompt: that of the next pair in the data whose prompt differs, if
/// there is one near. Thread-safe.</summary>
/// <remarks>A function of the data alone, so that the reference model need see each mismatched sequence once.</remarks>
internal sealed class MismatchedPairs(SequencePart part)
{
    // Pairs of one prompt follow each other; if very many do, an answer to the same prompt has to do.
    private const int Farthest = 64;

    /// <summary>The sequence of a pair; its targets are those of the answer. Not longer than the longest of the part, by cutting off the
    /// answer's end.</summary>
    public (long[] Tokens, bool[] IsTarget) Of(long pair)
    {
        var prompt = PromptOf(pair);
        var partner = pair;
        for (var next = 1; next <= Math.Min(Farthest, part.Groups - 1); next++)
        {
            partner = (pair + next) % part.Groups;
            if (!PromptOf(partner).SequenceEqual(prompt))
                break;
        }

        var (tokens, isTarget) = Read(partner);
        var first = Array.IndexOf(isTarget, true);
        var taken = Math.Min(tokens.Length - first, part.Longest - prompt.Length);
        return (
            [.. prompt, .. tokens.AsSpan(first, taken)],
            [.. prompt.Select(static _ => false), .. isTarget.AsSpan(first, taken)]);
    }

    private long[] PromptOf(long pair)
    {
        var (tokens, isTarget) = Read(pair);
        return tokens[..Array.IndexOf(isTarget, true)];
    }

    private (long[] Tokens, bool[] IsTarget) Read(long pair) => SequenceRows.Read(part, part.FirstOf(pair));
}
