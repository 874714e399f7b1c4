using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Lanes;

namespace ActorTrain.Actors.Reduction;

/// <summary>What became of a block that a reducer was told to add.</summary>
public enum BlockOutcome
{
    /// <summary>It is summed; others are to come.</summary>
    Added,

    /// <summary>It was the last: the total is there.</summary>
    Completed,

    /// <summary>It was added before.</summary>
    Repeated,

    /// <summary>Its round is over, or its sum is gone.</summary>
    Stale,
}

/// <summary>Which blocks of lanes of the round under way have arrived, and what to add to what: a reducer's thinking, without memory or
/// threads.</summary>
/// <typeparam name="TSum">What is summed.</typeparam>
public sealed class ShardSum<TSum>
    where TSum : class
{
    private readonly LaneTree<TSum> tree;
    private readonly HashSet<LaneBlock> arrived = [];
    private readonly Action<TSum> drop;
    private Round? round;

    /// <summary>Begins with no round.</summary>
    /// <param name="lanes">Lanes of the global batch.</param>
    /// <param name="add">Adds the right sum to the left one.</param>
    /// <param name="drop">Frees a sum of a round that is over.</param>
    public ShardSum(int lanes, Func<TSum, TSum, TSum> add, Action<TSum> drop)
    {
        tree = new LaneTree<TSum>(lanes, add);
        this.drop = drop;
    }

    /// <summary>Takes one more block.</summary>
    /// <param name="of">The round: a later one ends the one before, an earlier one is stale.</param>
    /// <param name="block">The lanes.</param>
    /// <param name="read">Opens the block's sum; null when it is gone.</param>
    public BlockOutcome Add(Round of, LaneBlock block, Func<TSum?> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        if (round is { } current && of.Number < current.Number)
            return BlockOutcome.Stale;
        if (round != of)
        {
            Clear();
            round = of;
        }

        if (arrived.Contains(block))
            return BlockOutcome.Repeated;
        if (read() is not { } sum)
            return BlockOutcome.Stale;
        tree.Add(block, sum);
        arrived.Add(block);
        return tree.IsComplete ? BlockOutcome.Completed : BlockOutcome.Added;
    }

    /// <summary>Whether all lanes of the round are summed.</summary>
    public bool IsComplete => tree.IsComplete;

    /// <summary>The sum over all lanes.</summary>
    public TSum Total() => tree.Total();

    /// <summary>Forgets the round.</summary>
    public void Clear()
    {
        foreach (var (_, sum) in tree.Waiting)
            drop(sum);
        tree.Reset();
        arrived.Clear();
        round = null;
    }
}
