using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models.Optimization;

/// <summary>One update of the weights: the input of a rule besides its constants and state. Wrappers pass on a modified one.</summary>
/// <param name="Gradient">Flat gradient of the global batch, in the parameters' layout.</param>
/// <param name="Number">From 1: corrects the bias of running means.</param>
public sealed record Update(Tensor Gradient, long Number, double LearningRate)
{
    /// <summary>Factor of the whole gradient, applied first.</summary>
    public double ClipFactor { get; init; } = 1;

    /// <summary>Additional factor of each tensor's gradient; null: all 1.</summary>
    public IReadOnlyList<double>? TensorFactors { get; init; }

    /// <summary>Divisor of each tensor's learning rate; null: all 1.</summary>
    public IReadOnlyList<double>? RateDivisors { get; init; }

    /// <summary>θ: a gradient element whose square is above θ times its second moment is reduced to that; 0: none.</summary>
    public double SpikeThreshold { get; init; }

    /// <summary>Whether the moments are set to zero first.</summary>
    public bool ResetMomentum { get; init; }

    /// <summary>Checksum of the gradient when it was written; null if unknown.</summary>
    public FlatChecksum? GradientChecksum { get; init; }

    /// <summary>Receives the checksums of what the rule reads and writes; null if not needed.</summary>
    public UpdateChecksums? Checksums { get; init; }

    internal double ClipFactorOf(int tensor) => ClipFactor * (TensorFactors?[tensor] ?? 1);
}
