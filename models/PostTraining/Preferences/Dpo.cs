using static ActorTrain.Models.PostTraining.Elementary;

namespace ActorTrain.Models.PostTraining.Preferences;

/// <summary>Direct preference optimization (Rafailov et al. 2023, equation 7), with label smoothing ε for noisy preferences (cDPO,
/// Mitchell 2023): L = −(1 − ε) log σ(x) − ε log σ(−x), x = β[(ℓ_c − ℓʳ_c) − (ℓ_r − ℓʳ_r)], of sums over completions.</summary>
public static class Dpo
{
    /// <param name="labelSmoothing">ε: the share of pairs assumed to be labelled the wrong way round, below ½.</param>
    /// <param name="pairs">Pairs of the whole step.</param>
    public static PairLoss Of(in PreferencePair pair, double beta, double labelSmoothing, long pairs)
    {
        var x = beta * (pair.Chosen.LogRatio - pair.Rejected.LogRatio);
        var loss = new Term(
            -(1 - labelSmoothing) * LogSigmoid(x) - labelSmoothing * LogSigmoid(-x),
            labelSmoothing * Sigmoid(x) - (1 - labelSmoothing) * Sigmoid(-x));
        return PairLoss.Of(loss / pairs, beta, -beta);
    }
}
