namespace ActorTrain.Models.Storage;

/// <summary>A range of the flat vectors with uniform treatment: a tensor with the gap behind it, or neighbouring tensors.</summary>
internal readonly record struct FlatRange(long Offset, long End, long Elements, bool Decays)
{
    public long Length => End - Offset;

    public static FlatRange[] ByTensor(FlatLayout layout)
    {
        var ranges = new FlatRange[layout.Entries.Count];
        for (var i = 0; i < ranges.Length; i++)
        {
            var entry = layout.Entries[i];
            var end = i + 1 < ranges.Length ? layout.Entries[i + 1].Offset : layout.Length;
            ranges[i] = new FlatRange(entry.Offset, end, entry.Count, entry.Decays);
        }

        return ranges;
    }

    /// <summary>Merges neighbours with equal decay: each vector operation has a fixed cost.</summary>
    public static FlatRange[] Merged(IReadOnlyList<FlatRange> ranges)
    {
        var merged = new List<FlatRange>();
        foreach (var range in ranges)
        {
            if (merged is [.., var last] && last.Decays == range.Decays)
                merged[^1] = last with { End = range.End, Elements = last.Elements + range.Elements };
            else
                merged.Add(range);
        }

        return [.. merged];
    }
}
