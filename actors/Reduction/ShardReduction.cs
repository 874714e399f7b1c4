using ActorTrain.Actors.Run;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Reduction;

/// <summary>Sums one shard of the gradient over all lanes as their blocks arrive, on the thread that calls, along the canonical lane tree.</summary>
/// <remarks>What is published is only read. Sums of parts lie in memory of this reduction's own, and only the last addition writes into the
/// round's total; so another reduction that takes the place of this one, even of one that hangs and comes back, does no harm: it writes the same
/// bits.</remarks>
public sealed class ShardReduction : IDisposable
{
    private readonly IGradientTransport transport;
    private readonly GradientShard shard;
    private readonly int lanes;
    private readonly ShardSum<Part> sum;
    private readonly Stack<HostBuffer> scratch = [];
    private readonly double[] squares;
    private Round at;
    private bool isReduced;

    /// <summary>Begins with no round.</summary>
    /// <param name="transport">Where sums over blocks lie, and the total goes.</param>
    /// <param name="shard">Which of the transport's shards.</param>
    /// <param name="lanes">Lanes of the global batch.</param>
    public ShardReduction(IGradientTransport transport, int shard, int lanes)
    {
        ArgumentNullException.ThrowIfNull(transport);
        this.transport = transport;
        this.shard = transport.Shards[shard];
        this.lanes = lanes;
        squares = new double[FlatSums.BlocksOf(this.shard.Count)];
        sum = new ShardSum<Part>(lanes, Add, Drop);
    }

    /// <summary>Adds the sum over a block of lanes.</summary>
    /// <returns>The sums of squares over the shard's blocks once all lanes are there, and again when a block is repeated after that; else
    /// null.</returns>
    public IReadOnlyList<double>? Add(Round round, LaneBlock block)
    {
        at = round;
        switch (sum.Add(round, block, () => transport.Read(round, block) is { } lease ? new Part(block) { Lease = lease } : null))
        {
            case BlockOutcome.Completed:
                isReduced = Finish(sum.Total());
                break;
            case BlockOutcome.Repeated when sum.IsComplete:
                break;
            default:
                return null;
        }

        if (!isReduced)
            return null;
        transport.CompleteShard(round, shard.Number);
        return [.. squares];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        sum.Clear();
        foreach (var buffer in scratch)
            buffer.Dispose();
        scratch.Clear();
    }

    // Of a sum that one trainer computed alone, only the squares are wanted. Nothing of it is read here again.
    private bool Finish(Part total)
    {
        if (total.Lease is { } whole)
            FlatSums.Squares(shard.Count, whole.Address + shard.ByteOffset, squares);
        Drop(total);
        return total.IsThere;
    }

    // A sum of parts takes the memory of one of them that is this reduction's own, or new memory; the last one goes into the total.
    private Part Add(Part left, Part right)
    {
        var parent = left.Block.Parent;
        var (from, with) = (Address(left), Address(right));
        if (parent.Count == lanes)
        {
            using var total = transport.WriteTotal(at);
            if (total is not null)
                FlatSums.Add(shard.Count, from, with, total.Address + shard.ByteOffset, squares);
            Drop(left);
            Drop(right);
            return new Part(parent) { IsThere = total is not null };
        }

        var into = left.Own ?? right.Own ?? (scratch.TryPop(out var spare) ? spare : new HostBuffer(shard.Count * sizeof(float)));
        FlatSums.Add(shard.Count, from, with, into.Address);
        if (!ReferenceEquals(left.Own, into))
            Drop(left);
        if (!ReferenceEquals(right.Own, into))
            Drop(right);
        return new Part(parent) { Own = into };
    }

    private nint Address(Part part) => part.Own?.Address ?? part.Lease!.Address + shard.ByteOffset;

    private void Drop(Part part)
    {
        if (part.Own is { } own)
            scratch.Push(own);
        part.Lease?.Dispose();
        (part.Own, part.Lease) = (null, null);
    }

    // Either published by a trainer (Lease), or summed here (Own), or the total, which lies in the transport unless the round was closed.
    private sealed class Part(LaneBlock block)
    {
        public LaneBlock Block { get; } = block;

        public GradientLease? Lease { get; set; }

        public HostBuffer? Own { get; set; }

        public bool IsThere { get; init; } = true;
    }
}
