namespace ActorTrain.Models;

/// <summary>The element type of matrix products. Master weights, moments, reductions, the residual stream and the loss are float32 in
/// both.</summary>
public enum Precision
{
    Float32,

    /// <summary>Products of bfloat16 operands, summed in float32.</summary>
    BFloat16,
}
