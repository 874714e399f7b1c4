using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>The data plane of a simulated process: gradients by round, and snapshots in memory.</summary>
internal sealed class SimulatedPlane
{
    private readonly Dictionary<Round, RoundSums> open = [];
    private readonly Dictionary<int, (long Number, ulong State, HashSet<int> Shards)> parts = [];

    /// <summary>Snapshots: states, and the updates that they have seen.</summary>
    public (ulong State, long Step)[] Slots { get; } = new (ulong, long)[8];

    /// <summary>Copies a part of a state into a slot, beside the other parts of the same copy.</summary>
    /// <returns>The state, once all parts are there.</returns>
    public ulong? Copy(CopyState copy, ulong state)
    {
        var part = copy.Shards!;
        if (!parts.TryGetValue(copy.Slot, out var known) || known.Number != copy.Number || known.State != state)
            (Slots[copy.Slot], parts[copy.Slot]) = (default, known = (copy.Number, state, []));
        known.Shards.UnionWith(part.Numbers);
        if (known.Shards.Count < part.Of)
            return null;
        Slots[copy.Slot] = (state, copy.Step);
        return state;
    }

    public int OpenRounds => open.Count;

    public void Open(Round round, int shards) => open.Add(round, new RoundSums(shards));

    public void Close(Round round) => open.Remove(round);

    public void CloseAll() => open.Clear();

    public RoundSums? Find(Round round) => open.GetValueOrDefault(round);

    /// <summary>The gradients of one round.</summary>
    internal sealed class RoundSums(int shards)
    {
        private readonly Dictionary<LaneBlock, ulong> blocks = [];
        private readonly ulong?[] totals = new ulong?[shards];
        private readonly ulong?[] weights = new ulong?[shards];
        private bool isCommitted;

        /// <summary>Whether a position was read that makes the gradient no number.</summary>
        public bool IsPoisoned { get; private set; }

        /// <summary>Norm of the update that the gradient makes.</summary>
        public double UpdateNorm { get; private set; }

        /// <summary>Publishes the sum over a block. By determinism one that is there already has the same bits.</summary>
        public void Publish(LaneBlock block, ulong sum, bool isPoisoned, double updateNorm)
        {
            if (isCommitted || !blocks.TryAdd(block, sum))
                return;
            IsPoisoned |= isPoisoned;
            UpdateNorm = Math.Max(UpdateNorm, updateNorm);
        }

        public ulong? Read(LaneBlock block) => !isCommitted && blocks.TryGetValue(block, out var sum) ? sum : null;

        /// <summary>Completes a shard: whoever does so twice writes the same bits.</summary>
        public void Complete(int shard, ulong total)
        {
            if (totals[shard] is { } known && known != total)
                throw new InvariantException($"Shard {shard} was summed to {known:x16} and to {total:x16}.");
            totals[shard] = total;
        }

        /// <summary>Publishes the weights of a shard; who comes second has the same bits, or is found out by their checksums.</summary>
        public void PublishWeights(int shard, ulong state) => weights[shard] ??= state;

        /// <summary>The weights of all shards, once they are published.</summary>
        public IReadOnlyList<ulong>? Weights() =>
            Array.TrueForAll(weights, static shard => shard is not null) ? Array.ConvertAll(weights, static shard => shard!.Value) : null;

        /// <summary>The total, once all shards are complete. Who asks first proves that the round is committed.</summary>
        public ulong? Total()
        {
            foreach (var shard in totals)
            {
                if (shard is null)
                    return null;
                if (shard != totals[0])
                    throw new InvariantException($"Shards were summed from other blocks: {shard:x16} and {totals[0]:x16}.");
            }

            isCommitted = true;
            return totals[0];
        }
    }
}
