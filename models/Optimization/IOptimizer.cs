namespace ActorTrain.Models.Optimization;

/// <summary>Updates weights and moments by a step's gradient; implemented by rules and by their wrappers.</summary>
public interface IOptimizer
{
    /// <returns>L2 norm of the change of the weights.</returns>
    double Apply(Update update);

    /// <summary>What <see cref="Apply"/> would return, to the bit, without side effects.</summary>
    double Preview(Update update);
}
