using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Actors.Run;

/// <summary>The current round: finished blocks of lanes, reduced shards, and the checks of their values.</summary>
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

    /// <summary>Whether there are lanes that nobody owes.</summary>
    public bool IsShort { get; set; }

    /// <summary>When lanes were assigned last.</summary>
    public DateTimeOffset SharedAt { get; set; }

    /// <summary>How long its lanes should take; null if that is unknown.</summary>
    public TimeSpan? Expected { get; set; }

    public IEnumerable<FinishedBlock> Done => done.Values;

    public List<int> RedundantLanes { get; } = [];

    public List<RoundCheck> Checks { get; } = [];

    /// <summary>The check of the update norm; null before it is requested.</summary>
    public RoundCheck? Preview { get; set; }

    /// <summary>Whether its update is to be applied.</summary>
    public bool IsAccepted { get; set; }

    /// <summary>The update of divided optimizer state; null before its owners apply it.</summary>
    public ShardUpdates? Update { get; set; }

    /// <summary>Whether all blocks were recomputed because the step looked bad.</summary>
    public bool IsReplayed { get; private set; }

    /// <exception cref="InvariantException">The round is not reduced.</exception>
    public StepSignals? Signals
    {
        get;
        set => field = IsReduced ? value : throw new InvariantException($"{Round} is to be judged before it is reduced.");
    }

    /// <exception cref="InvariantException">The round is not measured.</exception>
    public Judgement? Judgement
    {
        get;
        set => field = Signals is not null ? value : throw new InvariantException($"{Round} was judged before it was measured.");
    }

    public bool LanesAreDone => lanesDone == lanes;

    public bool IsReduced => LanesAreDone && shardsDone == shards.Length;

    /// <summary>Positions of the sample stream that were read, in lane order.</summary>
    public IReadOnlyList<long> Positions => [.. done.Values.SelectMany(static part => part.Result.Positions)];

    /// <summary>Longest time that a trainer waited for its samples.</summary>
    public TimeSpan Waited => done.Values.GroupBy(static part => part.Trainer)
        .Select(static own => new TimeSpan(own.Sum(static part => part.Result.Waited.Ticks))).DefaultIfEmpty().Max();

    /// <summary>Global L2 norm of the gradient before clipping, once it is reduced.</summary>
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

    /// <param name="norms">Positions of tensors; if null, no norms per tensor, embedding or block are measured.</param>
    /// <param name="rollouts">Figures of what it was trained on, if that were rollouts.</param>
    public StepSignals Measure(long tokens, TensorNorms? norms, RolloutSummary? rollouts = null)
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
            UpdateNorm = Preview is { Agrees: true } previewed ? RoundCheck.NormOf(previewed.Hash) : null,
            NonFinite = shards.Sum(static shard => shard!.NonFinite),
            Tokens = tokens,
            Rollouts = rollouts,
            Policy = Policy(),
        };
    }

    // In lane order, however lanes were shared out.
    private PolicyFigures? Policy()
    {
        List<PolicyFigures> ofLanes = [.. done.Values.SelectMany(static part => part.Result.LanePolicies)];
        return ofLanes.Count == 0 ? null : ofLanes.Aggregate(static (sum, lane) => sum + lane);
    }
}

/// <summary>A block whose sum is in the transport.</summary>
internal sealed record FinishedBlock(TrainerKey Trainer, LaneBlock Block, BlockResult Result);
