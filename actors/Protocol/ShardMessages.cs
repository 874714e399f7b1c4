using ActorTrain.Models;
using ActorTrain.Models.Optimization;

namespace ActorTrain.Actors.Protocol;

/// <summary>Shards of the flat vectors whose optimizer state a trainer holds, with those of all others in <paramref name="Of"/>.</summary>
/// <param name="Of">Shards of a vector, as many as reducers.</param>
/// <param name="Numbers">From 0, ascending.</param>
public sealed record OwnedShards(int Of, EquatableArray<int> Numbers)
{
    public override string ToString() => $"{string.Join(' ', Numbers)} of {Of}";
}

/// <summary>Commit, for owners of shards: applies the round's total gradient to them, and publishes their weights; answered by
/// <see cref="ShardsUpdated"/>. Until <see cref="ApplyUpdate"/> of the same round, or another state, the trainer does nothing
/// else.</summary>
/// <param name="GradientNorm">Global L2 norm of the gradient, before clipping.</param>
/// <param name="Adjustment">As in <see cref="ApplyUpdate"/>.</param>
public sealed record UpdateShards(Round Round, double GradientNorm, UpdateAdjustment Adjustment) : TrainerCommand;

/// <summary>The weights of these shards are in the transport.</summary>
public sealed record ShardsUpdated(TrainerKey Trainer, Round Round, IReadOnlyList<ShardChecksum> Shards) : TrainerReport(Trainer);

/// <param name="State">Checksum of a shard's weights and moments after an update, equal on all healthy owners.</param>
public readonly record struct ShardChecksum(int Shard, ulong State);
