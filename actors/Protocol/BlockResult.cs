using System.Text.Json.Serialization;
using ActorTrain.Models.Optimization;

namespace ActorTrain.Actors.Protocol;

/// <summary>What is known of the gradient of a block of lanes.</summary>
/// <param name="Loss">The block's part of the mean loss of the global batch, nats per token: its lanes' parts, summed along the lane
/// tree.</param>
/// <param name="Positions">Positions of the sample stream that were read for it, in order.</param>
/// <param name="Hash">Hash of the gradient: who computes other bits gets another one.</param>
public sealed record BlockResult(double Loss, IReadOnlyList<double> LaneLosses, IReadOnlyList<long> Positions, ulong Hash)
{
    /// <summary>Hashes of the gradients of the lanes that are computed redundantly.</summary>
    [JsonPropertyName("witnesses")]
    public IReadOnlyList<(int Lane, ulong Hash)> RedundantLanes { get; init; } = [];

    /// <summary>Checksum of the weights and moments that it was computed on: the same with all trainers, unless one of them is broken; null
    /// where it is not known.</summary>
    public ulong? StateChecksum { get; init; }

    /// <summary>So long the trainer waited for the samples.</summary>
    public TimeSpan Waited { get; init; }

    /// <summary>L2 norm of the gradient, where a block was only measured.</summary>
    public double? Norm { get; init; }

    /// <summary>L2 norms of its parts, where a block was only measured.</summary>
    public PartNorms? PartNorms { get; init; }

    /// <summary>L2 norm of the update that it would make, where that was wanted.</summary>
    public double? UpdateNorm { get; init; }

    public bool Equals(BlockResult? other) =>
        other is not null && (Loss, Hash, StateChecksum, Norm, UpdateNorm) == (other.Loss, other.Hash, other.StateChecksum, other.Norm,
            other.UpdateNorm) && Equals(PartNorms, other.PartNorms)
        && LaneLosses.SequenceEqual(other.LaneLosses) && RedundantLanes.SequenceEqual(other.RedundantLanes)
            && Positions.SequenceEqual(other.Positions);

    public override int GetHashCode() => HashCode.Combine(Loss, Hash, StateChecksum);
}

/// <summary>What came of an update.</summary>
/// <param name="Checksum">Of weights and moments after it; the same with all trainers, unless one of them is broken; null where it is not
/// known.</param>
/// <param name="Norm">L2 norm of what was added to the weights; null where it is not measured.</param>
public sealed record AppliedUpdate(ulong? Checksum, double? Norm);
