namespace ActorTrain.Models.Steps;

/// <summary>What is known of a step before its update is applied.</summary>
/// <param name="Step">From 0.</param>
/// <param name="Loss">Mean loss of the global batch, nats per token.</param>
/// <param name="GradientNorm">Global L2 norm, before clipping.</param>
public sealed record StepMeasure(long Step, double Loss, double GradientNorm);
