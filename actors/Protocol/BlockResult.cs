using System.Text.Json.Serialization;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.PostTraining.Policies;

namespace ActorTrain.Actors.Protocol;

/// <summary>Result of the gradient computation of a block of lanes, without the gradient.</summary>
/// <param name="Loss">The block's part of the mean loss of the global batch, nats per token: its lanes' parts, summed along the lane
/// tree.</param>
/// <param name="Positions">Positions of the sample stream that were read for it, in order.</param>
/// <param name="Hash">Hash of the gradient.</param>
public sealed record BlockResult(double Loss, IReadOnlyList<double> LaneLosses, IReadOnlyList<long> Positions, ulong Hash)
{
    [JsonPropertyName("witnesses")]
    public IReadOnlyList<(int Lane, ulong Hash)> RedundantLanes { get; init; } = [];

    /// <summary>Checksum of the weights and moments used, equal on all healthy trainers, or of the weights alone where the moments are
    /// divided; null if unknown.</summary>
    public ulong? StateChecksum { get; init; }

    public TimeSpan Waited { get; init; }

    /// <summary>Of each lane; empty if no policy is trained.</summary>
    public IReadOnlyList<PolicyFigures> LanePolicies { get; init; } = [];

    /// <summary>L2 norm of the gradient, if the block was only measured.</summary>
    public double? Norm { get; init; }

    /// <summary>L2 norms of its parts, if the block was only measured.</summary>
    public PartNorms? PartNorms { get; init; }

    /// <summary>L2 norm of the update that it would make, if requested.</summary>
    public double? UpdateNorm { get; init; }

    public bool Equals(BlockResult? other) =>
        other is not null && (Loss, Hash, StateChecksum, Norm, UpdateNorm) == (other.Loss, other.Hash, other.StateChecksum, other.Norm,
            other.UpdateNorm) && Equals(PartNorms, other.PartNorms)
        && LaneLosses.SequenceEqual(other.LaneLosses) && LanePolicies.SequenceEqual(other.LanePolicies)
        && RedundantLanes.SequenceEqual(other.RedundantLanes) && Positions.SequenceEqual(other.Positions);

    public override int GetHashCode() => HashCode.Combine(Loss, Hash, StateChecksum);
}

/// <param name="Checksum">After the update: see <see cref="BlockResult.StateChecksum"/>.</param>
/// <param name="Norm">L2 norm of the change of the weights; null if not measured.</param>
public sealed record AppliedUpdate(ulong? Checksum, double? Norm);
