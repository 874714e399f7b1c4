namespace ActorTrain.Models.Lanes;

/// <summary>An aligned power-of-two range of lanes: one node of the canonical binary tree over lane numbers.</summary>
/// <param name="First">A multiple of <paramref name="Count"/>.</param>
/// <param name="Count">A power of two.</param>
public readonly record struct LaneBlock(int First, int Count)
{
    public int End => First + Count;

    public bool Contains(LaneBlock other) => First <= other.First && other.End <= End;

    public bool Overlaps(LaneBlock other) => First < other.End && other.First < End;

    /// <summary>Whether this is a node of the tree: an aligned power of two at or above lane 0.</summary>
    public bool IsAligned => First >= 0 && Count > 0 && int.IsPow2(Count) && First % Count == 0;

    /// <summary>The other child of this node's parent.</summary>
    public LaneBlock Sibling => this with { First = First ^ Count };

    public LaneBlock Parent => new(First & ~Count, 2 * Count);

    /// <summary>Whether this is its parent's left child.</summary>
    public bool IsLeft => (First & Count) == 0;

    public override string ToString() => Count == 1 ? $"{{{First}}}" : $"{{{First}-{End - 1}}}";

    /// <summary>The largest node that begins at lane <paramref name="from"/>, ends by <paramref name="end"/> and has at most
    /// <paramref name="most"/> lanes.</summary>
    public static LaneBlock Largest(int from, int end, int most)
    {
        var count = 1;
        while (2 * count <= most && from % (2 * count) == 0 && from + (2 * count) <= end)
            count *= 2;
        return new LaneBlock(from, count);
    }

    /// <summary>Distributes <paramref name="lanes"/> lanes over <paramref name="trainers"/>: contiguous ranges whose lengths differ by at
    /// most one, each split into the fewest aligned blocks. Trainers beyond the number of lanes get none.</summary>
    public static IReadOnlyList<IReadOnlyList<LaneBlock>> Share(int lanes, int trainers)
    {
        if (lanes < 1 || !int.IsPow2(lanes))
            throw new ArgumentException($"The number of lanes must be a power of two, not {lanes}.", nameof(lanes));
        ArgumentOutOfRangeException.ThrowIfLessThan(trainers, 1);
        return [.. Enumerable.Range(0, trainers).Select(i =>
            Cover((int)((long)lanes * i / trainers), (int)((long)lanes * (i + 1) / trainers)))];
    }

    /// <summary>The fewest aligned blocks that cover lanes <paramref name="from"/> … <paramref name="to"/> − 1, in order.</summary>
    public static IReadOnlyList<LaneBlock> Cover(int from, int to)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        var blocks = new List<LaneBlock>();
        while (from < to)
        {
            var count = from == 0 ? 1 << 30 : from & -from;
            while (count > to - from)
                count /= 2;
            blocks.Add(new LaneBlock(from, count));
            from += count;
        }

        return blocks;
    }
}
