using ActorTrain.Models.PostTraining.Policies;

namespace ActorTrain.Models.Rollouts;

/// <summary>How well a critic knew the returns of a step before it was trained on them.</summary>
internal static class ValueFigures
{
    /// <param name="advantages">Of each group, those of its samples.</param>
    /// <returns>The summary with the figures of the critic; as it was, without one.</returns>
    public static RolloutSummary AddTo(
        RolloutSummary summary, IReadOnlyList<RolloutGroup> groups, IReadOnlyList<IReadOnlyList<TokenAdvantages>> advantages)
    {
        List<(double Value, double Return)> tokens = [];
        foreach (var (group, ofSamples) in groups.Zip(advantages))
        {
            foreach (var (scored, advantage) in group.Samples.Zip(ofSamples))
            {
                for (var t = 0; t < advantage.Returns.Length; t++)
                {
                    if (advantage.Mask[t])
                        tokens.Add((scored.Values[t], advantage.Returns[t]));
                }
            }
        }

        if (tokens.Count == 0)
            return summary;
        var variance = Variance(tokens.Select(static token => token.Return));
        return summary with
        {
            ValueLoss = tokens.Sum(static token => ValueLoss.Of(token.Value, token.Value, token.Return, clip: 0).Value) / tokens.Count,
            ExplainedVariance = variance > 0 ? 1 - Variance(tokens.Select(static token => token.Return - token.Value)) / variance : null,
        };
    }

    private static double Variance(IEnumerable<double> numbers)
    {
        double[] all = [.. numbers];
        var mean = all.Sum() / all.Length;
        return all.Sum(number => (number - mean) * (number - mean)) / all.Length;
    }
}
