using ActorTrain.Models.PostTraining.Preferences;
using static ActorTrain.Models.PostTraining.Elementary;

namespace ActorTrain.Models.PostTraining.Rewards;

/// <summary>The loss of a reward model on a pair (Bradley and Terry 1952; Ouyang et al. 2022, equation 1):
/// L = −log σ(r_c − r_r − margin) + c (r_c + r_r)². The margin is that of Llama 2 (Touvron et al. 2023, equation 2); the second term keeps
/// rewards around 0 (Eisenstein et al. 2023), which differences leave open.</summary>
public static class BradleyTerry
{
    /// <param name="chosen">Score of the preferred completion, at its last token.</param>
    /// <param name="margin">0 for none.</param>
    /// <param name="centering">c; 0 for none.</param>
    /// <param name="pairs">Pairs of the whole step.</param>
    /// <returns>With ∂L/∂r of both scores.</returns>
    public static PairLoss Of(double chosen, double rejected, double margin, double centering, long pairs)
    {
        var x = chosen - rejected - margin;
        var sum = chosen + rejected;
        var preference = new Term(-LogSigmoid(x), -Sigmoid(-x)) / pairs;
        var centre = centering * new Term(sum * sum, 2 * sum) / pairs;
        return new(preference.Value + centre.Value, centre.Slope + preference.Slope, centre.Slope - preference.Slope);
    }

    /// <summary>The share of pairs whose preferred completion has the higher score; a tie is an error.</summary>
    /// <param name="pairs">Pairs of the whole set, of which these may be a part: shares add up.</param>
    public static double Accuracy(ReadOnlySpan<double> chosen, ReadOnlySpan<double> rejected, long pairs)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(rejected.Length, chosen.Length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pairs);
        var correct = 0L;
        for (var i = 0; i < chosen.Length; i++)
            correct += chosen[i] > rejected[i] ? 1 : 0;
        return (double)correct / pairs;
    }
}
