using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Actors.Reduction;

/// <summary>Passes gradients on inside one process: vectors change owners without a copy.</summary>
public sealed class LocalGradientTransport : IGradientTransport
{
    private readonly Lock gate = new();
    private readonly Dictionary<Round, OpenedRound> rounds = [];
    private readonly LaneBlock all;

    /// <param name="length">Elements of a flat gradient.</param>
    /// <param name="capacity">Limit of vectors in use; see <see cref="CapacityFor"/>.</param>
    /// <param name="isShared">Whether other processes map the vectors.</param>
    public LocalGradientTransport(long length, int lanes, int reducers, int capacity, bool isShared = false)
    {
        all = new LaneBlock(0, lanes);
        Shards = GradientShard.Split(length, reducers);
        Memory = isShared ? GradientPool.InSharedMemory(length, capacity) : new GradientPool(length, capacity);
    }

    public GradientPool Memory { get; }

    public IReadOnlyList<GradientShard> Shards { get; }

    /// <summary>Vectors that suffice for any run: per trainer its own and its partial sums, every node of the current round's lane tree,
    /// and the kept totals.</summary>
    /// <param name="trainers">Limit of living trainers, including abandoned ones that still hang.</param>
    /// <param name="totalsKept">Totals kept for trainers that are catching up.</param>
    /// <param name="keepsWeights">Whether the weights after these updates are kept beside them.</param>
    public static int CapacityFor(int lanes, int trainers, int totalsKept, bool keepsWeights = false) =>
        trainers * (int.Log2(lanes) + 2) + 2 * lanes + (keepsWeights ? 2 : 1) * (totalsKept + 2);

    public void Open(Round round)
    {
        lock (gate)
            rounds.TryAdd(round, new OpenedRound(Shards.Count));
    }

    public void Close(Round round)
    {
        lock (gate)
        {
            if (!rounds.Remove(round, out var opened))
                return;
            foreach (var held in opened.Blocks.Values)
                Drop(held);
            if (opened.Total is { } total)
                Drop(total);
            if (opened.Weights is { } weights)
                Drop(weights);
        }
    }

    public bool Publish(Round round, LaneBlock block, Tensor gradient, FlatChecksum checksum) =>
        Publish(round, block, gradient, checksum, () => Memory.Return(gradient));

    public bool Publish(Round round, LaneBlock block, Tensor gradient, FlatChecksum checksum, Action free)
    {
        ArgumentNullException.ThrowIfNull(free);
        lock (gate)
        {
            if (block.IsAligned && block.End <= all.End && rounds.TryGetValue(round, out var opened) && !opened.IsCommitted
                && opened.Blocks.TryAdd(block, new Held(gradient, free) { Checksum = checksum }))
                return true;
        }

        free();
        return false;
    }

    public bool Holds(Round round, LaneBlock block)
    {
        lock (gate)
            return rounds.TryGetValue(round, out var opened) && (opened.IsCommitted || opened.Blocks.ContainsKey(block));
    }

    public GradientLease? Read(Round round, LaneBlock block)
    {
        lock (gate)
            return rounds.TryGetValue(round, out var opened) && opened.Blocks.TryGetValue(block, out var held) ? Lend(held) : null;
    }

    public GradientLease? WriteTotal(Round round)
    {
        lock (gate)
        {
            if (!rounds.TryGetValue(round, out var opened))
                return null;
            if (opened.Total is null)
            {
                var vector = Memory.Rent();
                opened.Total = new Held(vector, () => Memory.Return(vector));
            }

            return Lend(opened.Total);
        }
    }

    public void CompleteShard(Round round, int shard, FlatChecksum? checksum)
    {
        lock (gate)
        {
            if (rounds.TryGetValue(round, out var opened))
                (opened.IsComplete[shard], opened.Checksums[shard]) = (true, checksum);
        }
    }

    public GradientLease? Total(Round round)
    {
        lock (gate)
        {
            if (!rounds.TryGetValue(round, out var opened) || opened.IsComplete.Contains(false))
                return null;
            if (!opened.IsCommitted)
                Commit(opened);
            return Lend(opened.Total!);
        }
    }

    public unsafe bool PublishWeights(Round round, GradientShard shard, nint weights, FlatChecksum checksum)
    {
        GradientLease lease;
        lock (gate)
        {
            if (!rounds.TryGetValue(round, out var opened))
                return false;
            if (opened.WeightChecksums[shard.Number] is not null)
                return true;
            if (opened.Weights is null)
            {
                var vector = Memory.Rent();
                opened.Weights = new Held(vector, () => Memory.Return(vector));
            }

            lease = Lend(opened.Weights);
        }

        using (lease)
        {
            var bytes = shard.Count * sizeof(float);
            Buffer.MemoryCopy((void*)weights, (void*)(lease.Address + shard.ByteOffset), bytes, bytes);
        }

        lock (gate)
        {
            if (!rounds.TryGetValue(round, out var opened))
                return false;
            opened.WeightChecksums[shard.Number] ??= checksum;
            return true;
        }
    }

    public GradientLease? Weights(Round round)
    {
        lock (gate)
        {
            if (!rounds.TryGetValue(round, out var opened) || opened.Weights is not { } weights
                || Shards.Any(shard => shard.Count > 0 && opened.WeightChecksums[shard.Number] is null))
                return null;
            weights.Checksum ??= FlatChecksum.Joined(opened.WeightChecksums.OfType<FlatChecksum>());
            return Lend(weights);
        }
    }

    public void CloseAll()
    {
        Round[] open;
        lock (gate)
            open = [.. rounds.Keys];
        foreach (var round in open)
            Close(round);
    }

    public void Dispose()
    {
        CloseAll();
        Memory.Dispose();
    }

    private void Commit(OpenedRound opened)
    {
        // A sum over all lanes is the total itself. (If it was late and the total was also summed from parts, both have the same bits.)
        if (opened.Blocks.Remove(all, out var whole))
        {
            if (opened.Total is { } parts)
                Drop(parts);
            opened.Total = whole;
        }
        else
        {
            opened.Total!.Checksum = FlatChecksum.Joined(opened.Checksums.Select(static shard => shard!));
        }

        foreach (var held in opened.Blocks.Values)
            Drop(held);
        opened.Blocks.Clear();
        opened.IsCommitted = true;
    }

    private GradientLease Lend(Held held)
    {
        held.Readers++;
        return new GradientLease(held.Vector, held.Checksum, () =>
        {
            lock (gate)
            {
                held.Readers--;
                Free(held);
            }
        });
    }

    private static void Drop(Held held)
    {
        held.IsDropped = true;
        Free(held);
    }

    private static void Free(Held held)
    {
        if (held is { IsDropped: true, Readers: 0 })
            held.Free();
    }

    private sealed class OpenedRound(int shards)
    {
        public Dictionary<LaneBlock, Held> Blocks { get; } = [];

        public bool[] IsComplete { get; } = new bool[shards];

        public FlatChecksum?[] Checksums { get; } = new FlatChecksum?[shards];

        public Held? Total { get; set; }

        public FlatChecksum?[] WeightChecksums { get; } = new FlatChecksum?[shards];

        public Held? Weights { get; set; }

        public bool IsCommitted { get; set; }
    }

    private sealed class Held(Tensor vector, Action free)
    {
        public Tensor Vector { get; } = vector;

        public Action Free { get; } = free;

        public FlatChecksum? Checksum { get; set; }

        public int Readers { get; set; }

        public bool IsDropped { get; set; }
    }
}
