using static ActorTrain.Models.PostTraining.Elementary;

namespace ActorTrain.Models.PostTraining.Preferences;

/// <summary>Odds ratio preference optimization (Hong et al. 2024, equations 4 to 7): L = −m_c − β log σ(log odds_c − log odds_r), where m
/// is the mean of ℓ_t, p = e^m and odds = p/(1 − p); without a reference.</summary>
public static class Orpo
{
    /// <param name="beta">The paper's λ.</param>
    /// <param name="pairs">Pairs of the whole step.</param>
    public static PairLoss Of(in PreferencePair pair, double beta, long pairs)
    {
        var (chosen, rejected) = (LogOdds(pair.Chosen.Mean), LogOdds(pair.Rejected.Mean));
        var x = chosen.Value - rejected.Value;
        var likelihood = new Term(-pair.Chosen.Mean, -1) / pairs;
        var odds = beta * new Term(-LogSigmoid(x), -Sigmoid(-x)) / pairs;
        return new(
            likelihood.Value + odds.Value,
            (likelihood.Slope + odds.Slope * chosen.Slope) / pair.Chosen.Tokens,
            -odds.Slope * rejected.Slope / pair.Rejected.Tokens);
    }

    // log(e^m / (1 − e^m)); its derivative is 1/(1 − e^m).
    private static Term LogOdds(double mean) => new(mean - Log1mExp(mean), -1 / Expm1(mean));
}
