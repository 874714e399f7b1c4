namespace ActorTrain.Models.PostTraining.Preferences;

/// <summary>How the log-probability of a completion follows from those of its tokens.</summary>
public enum CompletionForm
{
    /// <summary>Σ ℓ_t, as in the paper.</summary>
    Sum,

    /// <summary>Σ ℓ_t / tokens, as the paper's authors compute.</summary>
    Mean,
}

/// <summary>Identity preference optimization (Azar et al. 2023, equation 17): L = (h − 1/2β)², h = (ℓ_c − ℓʳ_c) − (ℓ_r − ℓʳ_r).</summary>
public static class Ipo
{
    /// <param name="beta">The paper's τ.</param>
    /// <param name="pairs">Pairs of the whole step.</param>
    public static PairLoss Of(in PreferencePair pair, double beta, CompletionForm form, long pairs)
    {
        var (chosen, rejected) = form == CompletionForm.Mean ? (1.0 / pair.Chosen.Tokens, 1.0 / pair.Rejected.Tokens) : (1, 1);
        var distance = chosen * pair.Chosen.LogRatio - rejected * pair.Rejected.LogRatio - 1 / (2 * beta);
        return PairLoss.Of(new Term(distance * distance, 2 * distance) / pairs, chosen, -rejected);
    }
}
