namespace ActorTrain.Models.Lanes;

/// <summary>Sums values of lanes along the canonical binary tree over lane numbers, as they arrive.</summary>
/// <remarks>Floating-point addition is not associative; a fixed tree makes the sum independent of who computed which lane, of the grouping
/// into blocks and of the order of arrival. If lanes arrive in order, at most log₂ lanes + 1 sums are held.</remarks>
/// <typeparam name="TSum">A gradient with its loss, or a number in a test.</typeparam>
public sealed class LaneTree<TSum>
{
    private readonly Dictionary<LaneBlock, TSum> waiting = [];
    private readonly Func<TSum, TSum, TSum> add;
    private readonly int lanes;
    private int arrived;

    /// <param name="lanes">A power of two.</param>
    /// <param name="add">Adds the right sum to the left one and returns it; it may reuse the memory of both.</param>
    public LaneTree(int lanes, Func<TSum, TSum, TSum> add)
    {
        if (lanes < 1 || !int.IsPow2(lanes))
            throw new ArgumentException($"The number of lanes must be a power of two, not {lanes}.", nameof(lanes));
        this.lanes = lanes;
        this.add = add;
    }

    /// <summary>Sums that wait for their sibling, in lane order: what a trainer sends when its lanes are done.</summary>
    public IEnumerable<KeyValuePair<LaneBlock, TSum>> Waiting => waiting.OrderBy(static pair => pair.Key.First);

    public bool IsComplete => arrived == lanes;

    /// <summary>Whether the sum over exactly this block waits for its sibling.</summary>
    public bool Holds(LaneBlock block) => waiting.ContainsKey(block);

    /// <exception cref="InvariantException">The block is not a node of this tree, or some of its lanes have arrived already.</exception>
    public void Add(LaneBlock block, TSum sum)
    {
        if (!block.IsAligned || block.End > lanes)
            throw new InvariantException($"Lanes {block} are not a node of the tree over {lanes} lanes.");
        if (waiting.Keys.FirstOrDefault(other => other.First < block.End && block.First < other.End) is { Count: > 0 } overlapping)
            throw new InvariantException($"Lanes {block} arrived, but {overlapping} are already summed.");

        arrived += block.Count;
        while (block.Count < lanes && waiting.Remove(block.Sibling, out var other))
        {
            sum = block.IsLeft ? add(sum, other) : add(other, sum);
            block = block.Parent;
        }

        waiting.Add(block, sum);
    }

    /// <summary>The sum over all lanes.</summary>
    /// <exception cref="InvariantException">Some lanes have not arrived.</exception>
    public TSum Total() => IsComplete
        ? waiting[new LaneBlock(0, lanes)]
        : throw new InvariantException($"Only {arrived} of {lanes} lanes have arrived.");

    public void Reset()
    {
        waiting.Clear();
        arrived = 0;
    }
}
