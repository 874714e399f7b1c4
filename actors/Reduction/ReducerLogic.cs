using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;

namespace ActorTrain.Actors.Reduction;

/// <summary>Tracks which blocks of lanes of the current round have arrived, what to add, and when a shard is complete; has no memory,
/// thread or actor.</summary>
/// <typeparam name="TSum">The sum over a block of lanes.</typeparam>
public sealed class ReducerLogic<TSum>
    where TSum : class
{
    private readonly int number;
    private readonly IShardSums<TSum> sums;
    private readonly LaneTree<TSum> tree;
    private readonly HashSet<LaneBlock> arrived = [];
    private Round? round;
    private ShardReduced? reduced;

    /// <param name="number">From 0.</param>
    public ReducerLogic(int number, int lanes, IShardSums<TSum> sums)
    {
        ArgumentNullException.ThrowIfNull(sums);
        (this.number, this.sums) = (number, sums);
        tree = new LaneTree<TSum>(lanes, (left, right) => sums.Add(round!.Value, left, right));
    }

    /// <summary>Adds a block's sum.</summary>
    /// <param name="of">A later round ends the current one; an earlier one is stale.</param>
    /// <returns>A <see cref="ShardReduced"/> once all lanes have arrived, and again on later repetitions; a <see cref="BlockDamaged"/> if a
    /// checksum does not match, after which the round is forgotten; else null.</returns>
    /// <exception cref="InvariantException">Lanes overlap, or one round has two steps.</exception>
    public ReducerReport? Add(Round of, LaneBlock block)
    {
        if (round is { } current && of.Number < current.Number)
            return null;
        Begin(of);
        if (arrived.Contains(block))
            return reduced;
        try
        {
            if (sums.Read(of, block) is not { } sum)
                return null;
            tree.Add(block, sum);
            arrived.Add(block);
            reduced = tree.IsComplete ? sums.Complete(of, tree.Total()) : null;
        }
        catch (CorruptionException found)
        {
            Clear();
            return new BlockDamaged(number, of, found.Lanes, found.Message);
        }

        if (reduced is { } report && (report.Round != of || report.Reducer != number))
            throw new InvariantException($"Reducer {number} completed {of}, and {report.Round} of reducer {report.Reducer} is reported.");
        return reduced;
    }

    public void Clear()
    {
        foreach (var (_, sum) in tree.Waiting)
            sums.Drop(sum);
        tree.Reset();
        arrived.Clear();
        (round, reduced) = (null, null);
    }

    private void Begin(Round of)
    {
        if (round == of)
            return;
        if (of.Number == round?.Number)
            throw new InvariantException($"{round} is to be reduced as {of}.");
        Clear();
        round = of;
    }
}
