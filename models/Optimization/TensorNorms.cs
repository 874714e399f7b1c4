using System.Globalization;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Optimization;

/// <summary>L2 norms of the parts of a gradient.</summary>
/// <param name="Embedding">Of the token embedding and any learned positions.</param>
/// <param name="Tensors">In layout order.</param>
public sealed record PartNorms(double Embedding, EquatableArray<double> Blocks, EquatableArray<double> Tensors);

/// <summary>Norms per tensor of a flat gradient that is summed by shards: it is split into cells, the intersections of a tensor and a block
/// of <see cref="FlatSums.Block"/> elements, whose sums of squares do not depend on the number of shards, since shards end with
/// blocks.</summary>
public sealed class TensorNorms
{
    private readonly FlatLayout layout;
    private readonly List<(long End, int Tensor)> cells = [];

    public TensorNorms(FlatLayout layout)
    {
        this.layout = layout;
        long at = 0;
        for (var tensor = 0; tensor < layout.Entries.Count; tensor++)
        {
            // The gap behind a tensor, which is zero, belongs to it.
            var end = tensor + 1 < layout.Entries.Count ? layout.Entries[tensor + 1].Offset : layout.Length;
            for (; at < end; at = cells[^1].End)
                cells.Add((Math.Min(end, (at / FlatSums.Block + 1) * FlatSums.Block), tensor));
        }
    }

    public int Cells => cells.Count;

    /// <summary>Ends of the cells of a range of whole blocks, in elements from its first: see <see cref="SumReport.CellEnds"/>.</summary>
    public long[] CellEnds(long offset, long count) =>
        [.. cells.Select(static cell => cell.End).SkipWhile(end => end <= offset).TakeWhile(end => end <= offset + count)
            .Select(end => end - offset)];

    /// <summary>The global norm of a gradient, as by <see cref="GradientNorm.Of"/>, and those of its parts; on a CPU it is read
    /// once.</summary>
    /// <param name="flat">Float32, of the layout's length.</param>
    public (double Norm, PartNorms Parts) Measure(Tensor flat)
    {
        if (flat.numel() != layout.Length)
            throw new ArgumentException(
                $"A gradient of {flat.numel()} elements does not match the layout of {layout.Length}.", nameof(flat));
        var squares = new double[cells.Count];
        if (flat.device.type == DeviceType.CPU)
        {
            var ofBlocks = new double[FlatSums.BlocksOf(layout.Length)];
            FlatSums.Measure(
                layout.Length, flat.Address(),
                    new SumReport { Squares = ofBlocks, CellEnds = CellEnds(0, layout.Length), CellSquares = squares, Parallel = true });
            GC.KeepAlive(flat);
            return (GradientNorm.OfSquares(ofBlocks), Of(squares));
        }

        long first = 0;
        for (var cell = 0; cell < squares.Length; first = cells[cell++].End)
        {
            using var cut = flat.narrow(0, first, cells[cell].End - first);
            using var part = cut.to(ScalarType.Float64);
            using var product = part.dot(part);
            squares[cell] = product.item<double>();
        }

        return (GradientNorm.Of(flat), Of(squares));
    }

    /// <param name="squares">Sums of squares of all cells, in order.</param>
    public PartNorms Of(IReadOnlyList<double> squares)
    {
        if (squares.Count != cells.Count)
            throw new ArgumentException($"{squares.Count} sums of squares do not match {cells.Count} cells.", nameof(squares));
        var tensors = new double[layout.Entries.Count];
        for (var i = 0; i < cells.Count; i++)
            tensors[cells[i].Tensor] += squares[i];

        double embedding = 0;
        var blocks = new List<double>();
        for (var i = 0; i < tensors.Length; i++)
        {
            var name = layout.Entries[i].Name;
            if (name is "tokens.weight" or "positions.weight")
                embedding += tensors[i];
            if (!name.StartsWith("blocks.", StringComparison.Ordinal))
                continue;
            var block = int.Parse(name.AsSpan(7, name.IndexOf('.', 7) - 7), CultureInfo.InvariantCulture);
            while (blocks.Count <= block)
                blocks.Add(0);
            blocks[block] += tensors[i];
        }

        return new PartNorms(Math.Sqrt(embedding), [.. blocks.Select(Math.Sqrt)], [.. tensors.Select(Math.Sqrt)]);
    }
}
