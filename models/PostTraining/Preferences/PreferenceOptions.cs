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

    /// <summary><see cref="Preferences.Kto"/>, of the two completions of a pair, one desirable and one not.</summary>
    Kto,
}

public sealed record PreferenceOptions : IOptions
{
    [Option("preference loss")]
    public PreferenceLoss Loss { get; init; } = PreferenceLoss.Dpo;

    [Option("strength of the preference term: DPO, KTO and SimPO's β, IPO's τ, ORPO's λ", Above = 0)]
    public double Beta { get; init; } = 0.1;

    [Option("DPO: share of pairs assumed to be labelled the wrong way round", Below = 0.5)]
    public double LabelSmoothing { get; init; }

    [Option("IPO: log-probability of a completion, as a sum or a mean over its tokens")]
    public CompletionForm IpoForm { get; init; } = CompletionForm.Mean;

    [Option("SimPO's γ: the margin between the scaled mean log-probabilities")]
    public double TargetMargin { get; init; } = 0.5;

    [Option("KTO's λ_D: weight of desirable completions")]
    public double DesirableWeight { get; init; } = 1;

    [Option("KTO's λ_U: weight of undesirable completions")]
    public double UndesirableWeight { get; init; } = 1;

    public bool NeedsReference => Loss is PreferenceLoss.Dpo or PreferenceLoss.Ipo or PreferenceLoss.Kto;

    /// <summary>What a pair adds to the loss of the step.</summary>
    /// <param name="pairs">Pairs of the whole step.</param>
    /// <param name="z">For KTO: see <see cref="Kto.ReferencePoint"/>.</param>
    public PairLoss LossOf(in PreferencePair pair, long pairs, double z = 0)
    {
        return Loss switch
        {
            PreferenceLoss.Dpo => Dpo.Of(pair, Beta, LabelSmoothing, pairs),
            PreferenceLoss.Ipo => Ipo.Of(pair, Beta, IpoForm, pairs),
            PreferenceLoss.SimPo => SimPo.Of(pair, Beta, TargetMargin, pairs),
            PreferenceLoss.Orpo => Orpo.Of(pair, Beta, pairs),
            PreferenceLoss.Kto => Both(
                Kto.Of(pair.Chosen, isDesirable: true, z, Beta, DesirableWeight, 2 * pairs),
                Kto.Of(pair.Rejected, isDesirable: false, z, Beta, UndesirableWeight, 2 * pairs)),
            _ => throw new InvalidOperationException($"There is no preference loss {Loss}."),
        };

        static PairLoss Both(Term chosen, Term rejected) => new(chosen.Value + rejected.Value, chosen.Slope, rejected.Slope);
    }
}
