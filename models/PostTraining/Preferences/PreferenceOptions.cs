using ActorTrain.Models.Options;

namespace ActorTrain.Models.PostTraining.Preferences;

public enum PreferenceLoss
{
    /// <summary><see cref="Preferences.Dpo"/>.</summary>
    Dpo,

    /// <summary><see cref="Preferences.Ipo"/>.</summary>
    Ipo,

    /// <summary><see cref="Preferences.SimPo"/>.</summary>
    SimPo,

    /// <summary><see cref="Preferences.Orpo"/>.</summary>
    Orpo,

    /// <summary><see cref="Preferences.Kto"/>.</summary>
    Kto,
}

public sealed record PreferenceOptions : IOptions
{
    [Option("preference loss")]
    public PreferenceLoss Loss { get; init; } = PreferenceLoss.Dpo;

    [Option("strength of the preference term: DPO's, SimPO's and KTO's β, IPO's τ, ORPO's λ", Above = 0)]
    public double Beta { get; init; } = 0.1;

    [Option("DPO: share of pairs assumed to be labelled the wrong way round", Below = 0.5)]
    public double LabelSmoothing { get; init; }

    [Option("IPO: log-probability of a completion, as a sum or a mean over its tokens")]
    public CompletionForm IpoForm { get; init; } = CompletionForm.Mean;

    [Option("SimPO's γ: the margin between the scaled mean log-probabilities")]
    public double TargetMargin { get; init; } = 0.5;

    [Option("KTO's λ_D: weight of preferred completions")]
    public double DesirableWeight { get; init; } = 1;

    [Option("KTO's λ_U: weight of the other completions")]
    public double UndesirableWeight { get; init; } = 1;

    public bool NeedsReference => Loss is PreferenceLoss.Dpo or PreferenceLoss.Ipo or PreferenceLoss.Kto;

    /// <summary>Whether the loss has a reference point, from mismatched prompts and completions.</summary>
    public bool NeedsMismatched => Loss is PreferenceLoss.Kto;

    /// <summary>What a pair adds to the loss of the step.</summary>
    /// <param name="pairs">Pairs of the whole step.</param>
    /// <param name="referencePoint">KTO's z of the whole step.</param>
    public PairLoss LossOf(in PreferencePair pair, long pairs, double referencePoint = 0) => Loss switch
    {
        PreferenceLoss.Kto => OfTwo(
            Kto.Of(pair.Chosen, isDesirable: true, referencePoint, Beta, DesirableWeight, 2 * pairs),
            Kto.Of(pair.Rejected, isDesirable: false, referencePoint, Beta, UndesirableWeight, 2 * pairs)),
        PreferenceLoss.Dpo => Dpo.Of(pair, Beta, LabelSmoothing, pairs),
        PreferenceLoss.Ipo => Ipo.Of(pair, Beta, IpoForm, pairs),
        PreferenceLoss.SimPo => SimPo.Of(pair, Beta, TargetMargin, pairs),
        PreferenceLoss.Orpo => Orpo.Of(pair, Beta, pairs),
        _ => throw new InvalidOperationException($"There is no preference loss {Loss}."),
    };

    /// <summary>By which the loss orders the completions of a pair.</summary>
    public double Reward(in Completion completion) => Loss switch
    {
        PreferenceLoss.Dpo or PreferenceLoss.Kto => completion.LogRatio,
        PreferenceLoss.Ipo when IpoForm == CompletionForm.Sum => completion.LogRatio,
        PreferenceLoss.Ipo => completion.LogRatio / completion.Tokens,
        _ => completion.Mean,
    };

    private static PairLoss OfTwo(Term chosen, Term rejected) => new(chosen.Value + rejected.Value, chosen.Slope, rejected.Slope);
}
