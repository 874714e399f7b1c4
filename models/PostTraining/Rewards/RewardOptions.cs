using ActorTrain.Models.Options;

namespace ActorTrain.Models.PostTraining.Rewards;

public sealed record RewardOptions : IOptions
{
    [Option("weight of the squared sum of a pair's scores, which keeps scores around 0")]
    public double Centering { get; init; }

    [Option("first so many sequences of the training data, by which the scores of the final weights are normalised; 0: all",
        MayChangeBecause = "no weight depends on it")]
    public int ReferenceSamples { get; init; } = 1024;

    /// <summary>What a ranking adds to the loss of the step.</summary>
    /// <param name="scores">[K], the best completion first; at least two.</param>
    /// <param name="margin">Of a pair; 0 for none.</param>
    /// <param name="rankings">Rankings of the whole step.</param>
    /// <param name="gradient">Receives ∂L/∂score, [K].</param>
    public double LossOf(ReadOnlySpan<double> scores, double margin, long rankings, Span<double> gradient)
    {
        if (scores.Length != 2)
            return Ranking.Of(scores, Centering, rankings, gradient);
        var pair = BradleyTerry.Of(scores[0], scores[1], margin, Centering, rankings);
        (gradient[0], gradient[1]) = (pair.Chosen, pair.Rejected);
        return pair.Value;
    }
}
