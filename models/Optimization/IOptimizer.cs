namespace ActorTrain.Models.Optimization;

/// <summary>Changes the weights, and what it keeps of past gradients, by the gradient of a step. A rule implements it, and so does what
/// wraps one.</summary>
public interface IOptimizer
{
    /// <returns>L2 norm of the change of the weights.</returns>
    double Apply(Update update);

    /// <summary>What <see cref="Apply"/> would return, to the bit; nothing is changed.</summary>
    double Preview(Update update);
}
