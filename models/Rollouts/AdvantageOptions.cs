using System.Text.Json.Serialization;
using ActorTrain.Models.Options;
using ActorTrain.Models.PostTraining.Rewards;

namespace ActorTrain.Models.Rollouts;

public enum AdvantageEstimator
{
    /// <summary>The reward less the mean of its group, over the group's standard deviation.</summary>
    Grpo,

    /// <summary>The reward less the mean of its group.</summary>
    [JsonStringEnumMemberName("dr_grpo")]
    DrGrpo,

    /// <summary>The reward less the mean of the others of its group.</summary>
    Rloo,

    /// <summary>Rewards to go of tokens, whitened over the step.</summary>
    [JsonStringEnumMemberName("reinforce_plus_plus")]
    ReinforcePlusPlus,

    /// <summary>The reward less the mean of its group, whitened over the tokens of the step.</summary>
    [JsonStringEnumMemberName("reinforce_plus_plus_baseline")]
    ReinforcePlusPlusBaseline,

    /// <summary>Generalized advantage estimation by a critic, which is trained beside the policy: PPO.</summary>
    Gae,
}

/// <summary>What a rollout's reward makes of its tokens.</summary>
public sealed record AdvantageOptions : IOptions
{
    [Option("how the advantages of tokens follow from rewards")]
    public AdvantageEstimator Estimator { get; init; } = AdvantageEstimator.Grpo;

    [Option("what is added to a group's standard deviation (grpo)", Above = 0)]
    public double Epsilon { get; init; } = 1e-4;

    [Option("discount of later rewards, γ (gae)", Max = 1)]
    public double Discount { get; init; } = 1;

    [Option("λ: how little the critic's values count against rewards (gae)", Max = 1)]
    public double Lambda { get; init; } = 0.95;

    [Option("whether advantages are whitened over the tokens of the step (gae)")]
    public bool Whiten { get; init; } = true;

    [Option("coefficient of the KL divergence from the base model in the reward; 0: none")]
    public double KlCoefficient { get; init; }

    [Option("mean KL divergence of a completion to which {KlCoefficient} is adapted, step by step; 0: it is fixed", Unit = "nats")]
    public double KlTarget { get; init; }

    [Option("completions in which {KlCoefficient} may change by about its own size, for {KlTarget}", Min = 1)]
    public double KlHorizon { get; init; } = 10_000;

    [Option("largest absolute value of a reward that counts; 0: no bound")]
    public double RewardClip { get; init; }

    [Option("what becomes of the reward of a completion that has no end token")]
    public MissingEnd MissingEnd { get; init; } = MissingEnd.Keep;

    [Option("the reward instead, or the penalty, for {MissingEnd}", Min = -1e9, Max = 1e9)]
    public double MissingEndAmount { get; init; } = 1;

    [Option("tokens before the longest completion from which a growing penalty is subtracted (DAPO); 0: none", Unit = "tokens")]
    public int OverlongMargin { get; init; }

    [Option("whether completions without an end token teach nothing (DAPO)")]
    public bool MaskTruncated { get; init; }

    [Option("prompts of a step that are trained on, the first ones with two different rewards (DAPO); 0: all prompts")]
    public int Groups { get; init; }

    /// <summary>What adapts the KL coefficient; null if it is fixed.</summary>
    public KlController? KlControl() => KlTarget > 0 ? new KlController(KlCoefficient, KlTarget, KlHorizon) : null;

    /// <summary>Those of a step, with the KL coefficient that was in force.</summary>
    public AdvantageOptions Of(StepRollouts rollouts) => this with { KlCoefficient = rollouts.KlCoefficient ?? KlCoefficient };

    public IEnumerable<OptionProblem> Validate()
    {
        if (KlTarget > 0 && KlCoefficient == 0)
            yield return new($"{nameof(KlTarget):key} {KlTarget} adapts {nameof(KlCoefficient):key}, which is 0; give it a first value.");
    }

    /// <summary>Whether a critic is trained beside the policy.</summary>
    public bool NeedsCritic => Estimator is AdvantageEstimator.Gae;

    /// <summary>Whether a reward counts by how far it is from the others of its prompt.</summary>
    public bool ComparesSamples => Estimator is not (AdvantageEstimator.Gae or AdvantageEstimator.ReinforcePlusPlus);

    /// <summary>Whether tokens have rewards of their own: the KL term on each, and the rollout's on the last.</summary>
    public bool RewardsTokens => Estimator is AdvantageEstimator.Gae or AdvantageEstimator.ReinforcePlusPlus;
}
