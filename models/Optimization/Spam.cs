namespace ActorTrain.Models.Optimization;

/// <summary>SPAM, spike-aware Adam with momentum reset (Huang et al. 2025, arXiv:2501.06842), around any optimizer: resets the moments
/// periodically, warms the learning rate up after that, and clips single elements of the gradient by their second moment.</summary>
public sealed class Spam(IOptimizer inner, SpamOptions options) : IOptimizer
{
    public double Apply(Update update) => inner.Apply(Adjusted(update));

    public double Preview(Update update) => inner.Preview(Adjusted(update));

    private Update Adjusted(Update update)
    {
        return update with
        {
            LearningRate = update.LearningRate * options.RateFactor(update.Number),
            SpikeThreshold = options.SpikeThresholdAt(update.Number),
            ResetMomentum = update.ResetMomentum || options.ResetsBefore(update.Number),
        };
    }
}
