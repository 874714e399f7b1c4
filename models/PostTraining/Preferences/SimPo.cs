using static ActorTrain.Models.PostTraining.Elementary;

namespace ActorTrain.Models.PostTraining.Preferences;

/// <summary>Simple preference optimization (Meng et al. 2024, equation 6): L = −log σ(β(mean ℓ_c − mean ℓ_r) − γ), without a
/// reference.</summary>
public static class SimPo
{
    /// <param name="targetMargin">γ. TRL's option of this name is γ/β.</param>
    /// <param name="pairs">Pairs of the whole step.</param>
    public static PairLoss Of(in PreferencePair pair, double beta, double targetMargin, long pairs)
    {
        var x = beta * (pair.Chosen.Mean - pair.Rejected.Mean) - targetMargin;
        return PairLoss.Of(
            new Term(-LogSigmoid(x), -Sigmoid(-x)) / pairs, beta / pair.Chosen.Tokens, -beta / pair.Rejected.Tokens);
    }
}
