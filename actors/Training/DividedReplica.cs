using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Training;

/// <summary>A trainer's shards of a divided optimizer state, from one load of a state to the next.</summary>
internal sealed class DividedReplica
{
    private readonly Replica replica;
    private readonly IGradientPublisher transport;
    private readonly List<GradientShard> shards;

    // The round whose update its shards have seen before its other weights.
    private Round? updated;

    /// <summary>Makes the replica hold the moments of these shards alone.</summary>
    /// <param name="replica">Not owned.</param>
    /// <param name="transport">Not owned.</param>
    public DividedReplica(Replica replica, IGradientPublisher transport, OwnedShards owned)
    {
        (this.replica, this.transport) = (replica, transport);
        var all = GradientShard.Split(replica.Parameters.Layout.Length, owned.Of);
        shards = [.. owned.Numbers.Select(number => all[number])];
        replica.Own([.. shards.Select(static shard => (shard.Offset, shard.Count))]);
    }

    /// <summary>Whether the round's total must be applied to its shards before anything else.</summary>
    public bool Needs(Round round) => updated != round && shards.Count > 0;

    /// <summary>Applies the round's total to its shards.</summary>
    public void Update(Round round, GradientSum total, double gradientNorm, UpdateAdjustment adjustment)
    {
        replica.Apply(total, new StepMeasure(round.Step, double.NaN, gradientNorm), adjustment);
        updated = round;
    }

    /// <summary>Publishes the weights of its shards.</summary>
    /// <returns>Null if the round is closed.</returns>
    public IReadOnlyList<ShardChecksum>? Publish(Round round)
    {
        var checksums = new List<ShardChecksum>();
        foreach (var shard in shards)
        {
            // There may be more shards than blocks.
            var state = shard.Count == 0 ? null : replica.ChecksumAt(shard.Offset);
            checksums.Add(new ShardChecksum(shard.Number, state?.Hash ?? 0));
            if (state is null)
                continue;
            using var own = replica.Parameters.Weights.narrow(0, shard.Offset, shard.Count);
            using var here = own.cpu();
            if (!transport.PublishWeights(round, shard, here.Address(), state.Weights))
                return null;
        }

        return checksums;
    }

    /// <summary>Takes the weights that the owners of all shards have published, once its own have seen the round's update.</summary>
    public AppliedUpdate TakeWeights(GradientLease weights)
    {
        replica.TakeWeights(weights.Vector, weights.Checksum!);
        updated = null;
        return new AppliedUpdate(replica.StateChecksum, null);
    }

    /// <summary>Copies a part of the state.</summary>
    /// <param name="part">All of which it owns.</param>
    /// <returns>Null if the slot was reassigned in the meantime.</returns>
    public CopiedState? Copy(ISnapshots snapshots, CopyState copy, OwnedShards part)
    {
        var copied = shards.Where(shard => part.Numbers.Contains(shard.Number)).ToList();
        using var snapshot = snapshots.Write(copy.Slot, copy.Step,
            new SnapshotPart(copy.Number, [.. copied.Select(static shard => (shard.Offset, shard.Count))]));
        if (snapshot is null)
            return null;
        var blocks = copied.Where(static shard => shard.Count > 0).Select(shard =>
            (shard.Offset, replica.CopyTo(snapshot.Weights, snapshot.FirstMoment, snapshot.SecondMoment, shard.Offset))).ToList();
        return snapshot.Complete(blocks, out var whole) ? new CopiedState(whole, replica.StateChecksum) : null;
    }
}
