using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;

namespace ActorTrain.Actors.Run;

/// <summary>A round under way: which blocks of lanes are done, which shards of their sum, and what is known of their worth.</summary>
internal sealed class RoundState
{
    private readonly int lanes;
    private readonly LaneTree<double> losses;
    private readonly SortedDictionary<int, FinishedBlock> done = [];
    private readonly ShardReduced?[] shards;
    private int lanesDone;
    private int shardsDone;

    public RoundState(Round round, int lanes, int reducers)
    {
        Round = round;
        this.lanes = lanes;
        losses = new LaneTree<double>(lanes, static (left, right) => left + right);
        shards = new ShardReduced?[reducers];
    }

    public Round Round { get; }

    public List<LaneBlock> Orphans { get; } = [];

    /// <summary>Blocks whose sums lie in the transport, in lane order.</summary>
    public IEnumerable<FinishedBlock> Done => done.Values;

    /// <summary>Lanes that two trainers compute.</summary>
    public List<int> RedundantLanes { get; } = [];

    /// <summary>What is computed more than once.</summary>
    public List<RoundCheck> Checks { get; } = [];

    /// <summary>Among those, that of the norm of the update; null before it is asked for.</summary>
    public RoundCheck? Update { get; set; }

    /// <summary>Whether all its blocks were computed once more, because it looked bad.</summary>
    public bool IsReplayed { get; private set; }

    /// <summary>What it showed, once that is known.</summary>
    /// <exception cref="InvariantException">It is not reduced.</exception>
    public StepSignals? Signals
    {
        get;
        set => field = IsReduced ? value : throw new InvariantException($"{Round} is to be judged before it is reduced.");
    }

    /// <summary>What the rules say of that.</summary>
    /// <exception cref="InvariantException">The rules were not asked.</exception>
    public Judgement? Judgement
    {
        get;
        set => field = Signals is not null ? value : throw new InvariantException($"{Round} was judged before it was measured.");
    }

    public bool LanesAreDone => lanesDone == lanes;

    public bool IsReduced => LanesAreDone && shardsDone == shards.Length;

    /// <summary>Positions of the sample stream that were read, lane after lane.</summary>
    public IReadOnlyList<long> Positions => [.. done.Values.SelectMany(static part => part.Result.Positions)];

    /// <summary>So long the trainer that waited longest for its samples did so.</summary>
    public TimeSpan Waited => done.Values.GroupBy(static part => part.Trainer)
        .Select(static own => new TimeSpan(own.Sum(static part => part.Result.Waited.Ticks))).DefaultIfEmpty().Max();

    /// <summary>Global L2 norm of its gradient, before clipping, once it is reduced.</summary>
    public double GradientNorm
    {
        get
        {
            double sum = 0;
            foreach (var square in shards.SelectMany(static shard => shard!.Squares))
                sum += square;
            return Math.Sqrt(sum);
        }
    }

    /// <summary>All its blocks are computed once more.</summary>
    /// <exception cref="InvariantException">They were, or not all are done.</exception>
    public void Replay()
    {
        if (IsReplayed || !LanesAreDone)
            throw new InvariantException($"{Round} is to be replayed {(IsReplayed ? "twice" : "before its lanes are done")}.");
        IsReplayed = true;
    }

    public bool IsReducedBy(int reducer) => shards[reducer] is not null;

    /// <exception cref="InvariantException">The lanes belong to another round, or are done.</exception>
    public void Add(BlockComputed computed)
    {
        var block = computed.Block;
        if (computed.Ticket.Round != Round)
            throw new InvariantException($"Lanes {block} of {computed.Ticket.Round} are to count for {Round}.");
        losses.Add(block, computed.Result.Loss);
        done.Add(block.First, new FinishedBlock(computed.Trainer, block, computed.Result));
        lanesDone += block.Count;
    }

    /// <exception cref="InvariantException">The shard belongs to another round.</exception>
    public void Add(ShardReduced shard)
    {
        if (shard.Round != Round)
            throw new InvariantException($"A shard of {shard.Round} is to count for {Round}.");
        if (shards[shard.Reducer] is not null)
            return;
        shards[shard.Reducer] = shard;
        shardsDone++;
    }

    /// <param name="norms">Where tensors stand; null: neither their norms nor those of embedding and blocks are told.</param>
    public StepSignals Measure(long tokens, TensorNorms? norms)
    {
        IReadOnlyList<double> cells = [.. shards.SelectMany(static shard => shard!.Cells)];
        var parts = norms is not null && cells.Count == norms.Cells ? norms.Of(cells) : null;
        return new StepSignals
        {
            Step = Round.Step,
            Loss = losses.Total(),
            LaneLosses = [.. done.Values.SelectMany(static part => part.Result.LaneLosses).Select(part => part * lanes)],
            GradientNorm = GradientNorm,
            TensorNorms = parts?.Tensors ?? [],
            EmbeddingNorm = parts?.Embedding,
            BlockNorms = parts?.Blocks ?? [],
            UpdateNorm = Update is { Agrees: true } previewed ? RoundCheck.NormOf(previewed.Hash) : null,
            NonFinite = shards.Sum(static shard => shard!.NonFinite),
            Tokens = tokens,
        };
    }
}

/// <summary>A block whose sum lies in the transport.</summary>
/// <param name="Result">What is known of it.</param>
internal sealed record FinishedBlock(TrainerKey Trainer, LaneBlock Block, BlockResult Result);
