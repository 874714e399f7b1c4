using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models.Optimization;

/// <summary>One update of the weights: all that a rule needs beside its constants and its state. What wraps a rule hands it a changed
/// one.</summary>
/// <param name="Gradient">Flat gradient of the global batch, laid out as the parameters.</param>
/// <param name="Number">Number of this update, from 1: it corrects the bias of running means.</param>
public sealed record Update(Tensor Gradient, long Number, double LearningRate)
{
    /// <summary>The gradient is multiplied by it first.</summary>
    public double ClipFactor { get; init; } = 1;

    /// <summary>Beside that, each tensor's gradient by its own; null: all 1.</summary>
    public IReadOnlyList<double>? TensorFactors { get; init; }

    /// <summary>The learning rate of each tensor is divided by it; null: all 1.</summary>
    public IReadOnlyList<double>? RateDivisors { get; init; }

    /// <summary>θ: an element of the gradient whose square is above θ times its second moment is reduced to that; 0: none.</summary>
    public double SpikeThreshold { get; init; }

    /// <summary>Whether the moments are set to zero first.</summary>
    public bool ResetMomentum { get; init; }

    /// <summary>Checksum that the gradient had when it was written; null: unknown.</summary>
    public FlatChecksum? GradientChecksum { get; init; }

    /// <summary>Receives the checksums of what the rule reads and writes; null: they are not wanted.</summary>
    public UpdateChecksums? Checksums { get; init; }

    /// <summary>What a tensor's gradient is multiplied by.</summary>
    internal double ClipFactorOf(int tensor) => ClipFactor * (TensorFactors?[tensor] ?? 1);
}
