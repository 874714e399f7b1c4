namespace ActorTrain.Models.PostTraining.Preferences;

/// <summary>Two completions of a prompt, the first preferred to the second.</summary>
public readonly record struct PreferencePair(Completion Chosen, Completion Rejected);

/// <summary>What a pair adds to the loss of the step.</summary>
/// <param name="Chosen">∂L/∂ℓ_t, the same for each token of the chosen completion; for a reward model, ∂L/∂r of its score.</param>
/// <param name="Rejected">The same for the rejected completion.</param>
public readonly record struct PairLoss(double Value, double Chosen, double Rejected)
{
    /// <summary>A function of the pair whose derivative by ℓ_t is <paramref name="chosen"/> times its slope for tokens of the chosen
    /// completion, and <paramref name="rejected"/> times it for the others.</summary>
    public static PairLoss Of(Term term, double chosen, double rejected) => new(term.Value, term.Slope * chosen, term.Slope * rejected);
}
