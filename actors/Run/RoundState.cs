using ActorTrain.Actors.Reduction;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Steps;

namespace ActorTrain.Actors.Run;

/// <summary>A round under way: which blocks of lanes are done, and which shards of their sum.</summary>
internal sealed class RoundState
{
    private readonly int lanes;
    private readonly LaneTree<double> losses;
    private readonly SortedDictionary<int, (LaneBlock Block, IReadOnlyList<long> Positions)> done = [];
    private readonly IReadOnlyList<double>?[] squares;
    private int lanesDone;
    private int shardsDone;

    public RoundState(Round round, int lanes, int reducers)
    {
        Round = round;
        this.lanes = lanes;
        losses = new LaneTree<double>(lanes, static (left, right) => left + right);
        squares = new IReadOnlyList<double>?[reducers];
    }

    public Round Round { get; }

    /// <summary>Blocks that nobody computes at the moment.</summary>
    public List<LaneBlock> Orphans { get; } = [];

    /// <summary>Blocks whose sums lie in the transport, in lane order.</summary>
    public IEnumerable<LaneBlock> Done => done.Values.Select(static part => part.Block);

    public bool LanesAreDone => lanesDone == lanes;

    public bool IsReduced => LanesAreDone && shardsDone == squares.Length;

    /// <summary>Positions of the sample stream that were read, lane after lane.</summary>
    public IReadOnlyList<long> Positions => [.. done.Values.SelectMany(static part => part.Positions)];

    public bool IsReducedBy(int reducer) => squares[reducer] is not null;

    public void Add(LaneBlock block, double loss, IReadOnlyList<long> positions)
    {
        losses.Add(block, loss);
        done.Add(block.First, (block, positions));
        lanesDone += block.Count;
    }

    public void Add(ShardReduced shard)
    {
        if (squares[shard.Reducer] is not null)
            return;
        squares[shard.Reducer] = shard.Squares;
        shardsDone++;
    }

    /// <summary>Loss and gradient norm of the round.</summary>
    public StepMeasure Measure()
    {
        double sum = 0;
        foreach (var square in squares.SelectMany(static shard => shard!))
            sum += square;
        return new StepMeasure(Round.Step, losses.Total(), Math.Sqrt(sum));
    }
}
