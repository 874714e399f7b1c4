namespace ActorTrain.Models.Plan;

/// <summary>Consecutive positions of the sample stream that are never trained on.</summary>
/// <param name="Count">At least 1.</param>
public sealed record SkippedRange(long First, long Count, string Reason)
{
    public long End => First + Count;

    /// <summary>Merges adjacent ranges that have one reason; ascending.</summary>
    public static IReadOnlyList<SkippedRange> Merged(IEnumerable<SkippedRange> ranges)
    {
        var merged = new List<SkippedRange>();
        foreach (var range in ranges.OrderBy(static range => range.First))
        {
            if (merged is [.., var last] && last.End == range.First && last.Reason == range.Reason)
                merged[^1] = last with { Count = last.Count + range.Count };
            else
                merged.Add(range);
        }

        return merged;
    }
}

/// <summary>Positions of the sample stream that a run skips, as sorted ranges that do not overlap.</summary>
/// <remarks>The sample stream is the endless sequence of positions 0, 1, 2, …; the plan maps each to a sample of an epoch. A step consumes
/// the next positions that are not on the list, so skipping shifts everything after it.</remarks>
public sealed class SkipList : IEquatable<SkipList>
{
    private readonly SkippedRange[] ranges;

    private SkipList(SkippedRange[] ranges) => this.ranges = ranges;

    public static SkipList Empty { get; } = new([]);

    /// <summary>Ascending.</summary>
    public IReadOnlyList<SkippedRange> Ranges => ranges;

    /// <param name="ranges">In any order.</param>
    /// <exception cref="ArgumentException">A range is empty, begins below zero or overlaps another.</exception>
    public static SkipList Of(IEnumerable<SkippedRange> ranges)
    {
        var sorted = ranges.OrderBy(static range => range.First).ToArray();
        for (var i = 0; i < sorted.Length; i++)
        {
            if (sorted[i].First < 0 || sorted[i].Count < 1)
                throw new ArgumentException($"The skipped range {sorted[i].First}+{sorted[i].Count} is "
                    + $"empty or starts below zero.", nameof(ranges));
            if (i > 0 && sorted[i - 1].End > sorted[i].First)
                throw new ArgumentException($"The skipped ranges at {sorted[i - 1].First} and {sorted[i].First} overlap.", nameof(ranges));
        }

        return sorted.Length == 0 ? Empty : new SkipList(sorted);
    }

    public SkipList With(SkippedRange range) => Of(ranges.Append(range));

    /// <summary>Adds ranges; positions already skipped, or in several ranges, keep their first reason.</summary>
    public SkipList Joined(IEnumerable<SkippedRange> more) =>
        more.Aggregate(this, static (list, range) => Of(list.ranges.Concat(list.Gaps(range))));

    public bool Contains(long position) => ranges.Any(range => range.First <= position && position < range.End);

    /// <summary>The position of the <paramref name="ordinal"/>-th sample (from 0) that is not skipped.</summary>
    public long PositionOf(long ordinal)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(ordinal);
        var position = ordinal;
        foreach (var range in ranges)
        {
            if (position < range.First)
                break;
            position += range.Count;
        }

        return position;
    }

    // The parts of a range that are not skipped yet.
    private IEnumerable<SkippedRange> Gaps(SkippedRange range)
    {
        var from = range.First;
        foreach (var known in ranges.Where(known => known.End > range.First && known.First < range.End))
        {
            if (known.First > from)
                yield return range with { First = from, Count = known.First - from };
            from = Math.Max(from, known.End);
        }

        if (from < range.End)
            yield return range with { First = from, Count = range.End - from };
    }

    public bool Equals(SkipList? other) => other is not null && ranges.AsSpan().SequenceEqual(other.ranges);

    public override bool Equals(object? obj) => Equals(obj as SkipList);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var range in ranges)
            hash.Add(range);
        return hash.ToHashCode();
    }
}
