namespace ActorTrain.Models.PostTraining.Rewards;

/// <summary>The affine map r ↦ gain · r + bias after which rewards of reference samples have mean 0 and standard deviation 1 (Ziegler et
/// al. 2019, section 2.1).</summary>
public readonly record struct RewardNormalization(double Gain, double Bias)
{
    public static RewardNormalization None { get; } = new(1, 0);

    /// <param name="rewards">Of all reference samples, in plan order; the deviation is that of the population (n).</param>
    /// <exception cref="InvariantException">The rewards are all the same, or not finite: the model separates nothing.</exception>
    public static RewardNormalization From(ReadOnlySpan<double> rewards)
    {
        var (mean, squares) = (0.0, 0.0);
        foreach (var reward in rewards)
            mean += reward / rewards.Length;
        foreach (var reward in rewards)
            squares += (reward - mean) * (reward - mean);
        var deviation = Math.Sqrt(squares / rewards.Length);
        return deviation > 0 && double.IsFinite(deviation)
            ? new(1 / deviation, -mean / deviation)
            : throw new InvariantException($"The rewards of {rewards.Length} reference samples have standard deviation {deviation}.");
    }

    public double Apply(double reward) => Gain * reward + Bias;
}
