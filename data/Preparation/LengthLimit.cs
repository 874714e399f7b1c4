using ActorTrain.Data.Chats;
using ActorTrain.Models;

namespace ActorTrain.Data.Preparation;

/// <summary>What happens to a sequence of more tokens than allowed.</summary>
public enum TooLong
{
    /// <summary>Nothing is prepared.</summary>
    Refuse,

    /// <summary>Its group is omitted and counted.</summary>
    Skip,

    /// <summary>Its end is cut off and counted; a group with a sequence without any target left is omitted.</summary>
    KeepStart,
}

/// <summary>Applies the limit of a sequence's length, and counts what it omits.</summary>
/// <param name="most">In tokens; 0 is no limit.</param>
internal sealed class LengthLimit(int most, TooLong answer, DataKind kind)
{
    private long skipped;
    private long shortened;
    private long left;
    private string? firstSkipped;

    public IEnumerable<string> Lines
    {
        get
        {
            if (skipped > 0)
                yield return $"skipped {Plural.Of(skipped, kind.Noun())} of more than {most} tokens, the first in {firstSkipped}";
            if (shortened > 0)
                yield return $"shortened {Plural.Of(shortened, kind.Noun())} to {most} tokens";
            if (left > 0)
                yield return $"skipped {Plural.Of(left, kind.Noun())} with nothing to learn within {most} tokens";
        }
    }

    /// <summary>Whether a group is kept; its sequences may be shortened.</summary>
    /// <exception cref="UserErrorException">One is too long, and such are refused.</exception>
    public bool Admits(IReadOnlyList<EncodedSequence> group, string place)
    {
        var longest = group.Max(static sequence => sequence.Length);
        if (most == 0 || longest <= most)
            return true;
        switch (answer)
        {
            case TooLong.Refuse:
                throw new UserErrorException(
                    $"{place}, has {longest} tokens, more than --max-tokens {most}: pass --too-long skip to omit such records"
                    + $"{(kind is DataKind.Prompts ? "" : ", --too-long keep-start to cut off their ends")}, or raise --max-tokens.");
            case TooLong.Skip:
                skipped++;
                firstSkipped ??= place;
                return false;
        }

        foreach (var sequence in group)
            sequence.Shorten(most);
        if (group.Any(static sequence => !sequence.IsTarget.Contains(true)) || AnyEqual(group))
        {
            left++;
            return false;
        }

        shortened++;
        return true;
    }

    // Answers that differ only behind the limit teach nothing.
    private static bool AnyEqual(IReadOnlyList<EncodedSequence> group)
    {
        for (var i = 0; i < group.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (group[i].Ids.SequenceEqual(group[j].Ids))
                    return true;
            }
        }

        return false;
    }
}
