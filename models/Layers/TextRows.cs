using System.Runtime.InteropServices;
using static ActorTrain.Models.Kernels.NativeKernels;

namespace ActorTrain.Models.Layers;

/// <summary>Which rows of a pass belong to which text. A row attends to its own text alone, and its position is counted from the text's
/// first row.</summary>
/// <remarks>Texts of different lengths lie side by side without padding, and nothing of one changes a bit of another's rows.</remarks>
public sealed class TextRows
{
    private readonly long count;

    // Pinned: kernels read them.
    private readonly long[] ends = [];
    private readonly long[] positions = [];

    /// <summary>Equally long texts.</summary>
    public TextRows(long count, long length) => (this.count, Rows, Longest, Length) = (count, count * length, length, length);

    /// <summary>Texts of any lengths.</summary>
    /// <param name="ends">The row behind the last of each, ascending.</param>
    /// <exception cref="ArgumentException">A text has no row.</exception>
    public TextRows(IReadOnlyList<long> ends)
    {
        this.ends = Pinned(ends.Count);
        var start = 0L;
        for (var text = 0; text < ends.Count; start = ends[text++])
        {
            if (ends[text] <= start)
                throw new ArgumentException($"A text from row {start} to row {ends[text]} has no rows.", nameof(ends));
            this.ends[text] = ends[text];
            Longest = Math.Max(Longest, ends[text] - start);
        }

        (count, Rows, start) = (ends.Count, start, 0);
        positions = Pinned(Rows);
        foreach (var end in ends)
        {
            for (var row = start; row < end; row++)
                positions[row] = row - start;
            start = end;
        }

        static long[] Pinned(long length) => GC.AllocateArray<long>(checked((int)length), pinned: true);
    }

    /// <summary>All texts' rows.</summary>
    public long Rows { get; }

    public long Longest { get; }

    /// <summary>Of each text; null if they are of different lengths.</summary>
    public long? Length { get; }

    /// <summary>The row behind the last of each text; empty if all are equally long.</summary>
    public IReadOnlyList<long> Ends => ends;

    internal Segments Segments => new(count, Address(ends));

    /// <summary>Of each row, int64; 0 where it is the row modulo <see cref="Length"/>.</summary>
    internal nint Positions => Address(positions);

    private static nint Address(long[] pinned) => pinned.Length == 0 ? 0 : Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);
}
