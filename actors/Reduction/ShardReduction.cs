using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Reduction;

/// <summary>Sums one shard of the gradient over all lanes as their blocks arrive, along the canonical lane tree, on the caller's
/// thread.</summary>
/// <remarks>Published sums are only read. Partial sums are in private memory, and only the last addition writes to the round's total; so a
/// replacement is harmless even if this one hangs and returns: both write the same bits. Every read is verified against the checksum of the
/// write.</remarks>
public sealed class ShardReduction : IShardSums<ShardReduction.Part>, IDisposable
{
    private readonly IGradientTransport transport;
    private readonly GradientShard shard;
    private readonly int lanes;
    private readonly ReducerLogic<Part> logic;
    private readonly Stack<HostBuffer> scratch = [];
    private readonly long[] cellEnds;
    private readonly int blocks;

    /// <param name="norms">Positions of tensors; null if their norms are not needed.</param>
    public ShardReduction(IGradientTransport transport, int shard, int lanes, TensorNorms? norms = null)
    {
        ArgumentNullException.ThrowIfNull(transport);
        this.transport = transport;
        this.shard = transport.Shards[shard];
        this.lanes = lanes;
        blocks = FlatSums.BlocksOf(this.shard.Count);
        cellEnds = norms?.CellEnds(this.shard.Offset, this.shard.Count) ?? [];
        logic = new ReducerLogic<Part>(shard, lanes, this);
    }

    /// <summary>See <see cref="ReducerLogic{TSum}.Add"/>.</summary>
    public ReducerReport? Add(Round round, LaneBlock block) => logic.Add(round, block);

    public void Dispose()
    {
        logic.Clear();
        foreach (var buffer in scratch)
            buffer.Dispose();
        scratch.Clear();
    }

    Part? IShardSums<Part>.Read(Round round, LaneBlock block) =>
        transport.Read(round, block) is { } lease ? new Part(block) { Lease = lease } : null;

    // If one trainer computed all lanes, only the report is needed; nothing is read again here.
    ShardReduced? IShardSums<Part>.Complete(Round round, Part total)
    {
        try
        {
            if (total.Lease is { } whole)
            {
                var (found, squares, cells) = (new ulong[blocks], new double[blocks], new double[cellEnds.Length]);
                FlatSums.Measure(
                    shard.Count, whole.Address + shard.ByteOffset,
                        new SumReport { Left = found, Squares = squares, CellEnds = cellEnds, CellSquares = cells });
                Verify(total, found);
                total.Report = Report(round, squares, cells, whole.Address + shard.ByteOffset);
            }
        }
        finally
        {
            Drop(total);
        }

        // If the round was closed, there is no total.
        if (total.Report is not null)
            transport.CompleteShard(round, shard.Number, total.Checksum);
        return total.Report;
    }

    // A partial sum reuses private memory of its parts, or allocates; the last sum is written to the total.
    Part IShardSums<Part>.Add(Round round, Part left, Part right)
    {
        var into = new Part(left.Block.Parent);
        try
        {
            if (into.Block.Count == lanes)
            {
                using var total = transport.WriteTotal(round);
                if (total is not null)
                    into.Report = Add(left, right, into, total.Address + shard.ByteOffset, total: round);
            }
            else
            {
                var own = left.Own ?? right.Own ?? (scratch.TryPop(out var spare) ? spare : new HostBuffer(shard.Count * sizeof(float)));
                try
                {
                    Add(left, right, into, own.Address, total: null);
                }
                finally
                {
                    // Whichever part owned the memory: it is freed with the sum.
                    into.Own = own;
                    left.Own = ReferenceEquals(left.Own, own) ? null : left.Own;
                    right.Own = ReferenceEquals(right.Own, own) ? null : right.Own;
                }
            }
        }
        catch (CorruptionException)
        {
            Drop(into);
            throw;
        }
        finally
        {
            Drop(left);
            Drop(right);
        }

        return into;
    }

    private ShardReduced? Add(Part left, Part right, Part into, nint to, Round? total)
    {
        var (ofLeft, ofRight, ofSum) = (new ulong[blocks], new ulong[blocks], new ulong[blocks]);
        var (squares, cells) = total is not null ? (new double[blocks], new double[cellEnds.Length]) : ([], []);
        FlatSums.Add(shard.Count, Address(left), Address(right), to, new SumReport
        {
            Left = ofLeft,
            Right = ofRight,
            Sum = ofSum,
            Squares = squares,
            CellEnds = total is not null ? cellEnds : [],
            CellSquares = cells,
        });
        Verify(left, ofLeft);
        Verify(right, ofRight);
        into.Checksum = new FlatChecksum(ofSum);
        return total is { } round ? Report(round, squares, cells, to) : null;
    }

    private void Verify(Part part, ReadOnlySpan<ulong> found)
    {
        if (part.Lease is { Checksum: { } published })
            published.Verify(found, FlatPlace.PublishedGradient, part.Block, (int)(shard.Offset / FlatSums.Block));
        else
            part.Checksum?.Verify(found, FlatPlace.PartialSum, part.Block);
    }

    private ShardReduced Report(Round round, double[] squares, double[] cells, nint total) => new(shard.Number, round, squares)
    {
        Cells = cells,
        NonFinite = squares.All(double.IsFinite) ? 0 : FlatSums.CountNonFinite(shard.Count, total),
    };

    private nint Address(Part part) => part.Own?.Address ?? part.Lease!.Address + shard.ByteOffset;

    void IShardSums<Part>.Drop(Part sum) => Drop(sum);

    private void Drop(Part part)
    {
        if (part.Own is { } own)
            scratch.Push(own);
        part.Lease?.Dispose();
        (part.Own, part.Lease) = (null, null);
    }

    // Published by a trainer (Lease), summed here (Own), or the total, with a report unless the round was closed.
    internal sealed class Part(LaneBlock block)
    {
        public LaneBlock Block { get; } = block;

        public GradientLease? Lease { get; set; }

        public HostBuffer? Own { get; set; }

        public FlatChecksum? Checksum { get; set; }

        public ShardReduced? Report { get; set; }
    }
}
