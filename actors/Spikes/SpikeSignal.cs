using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Spikes;

/// <summary>A value of a step, known before its update is applied, that rules compare between steps.</summary>
/// <remarks>Of lanes, and of blocks, only the largest counts, as one signal. Lanes are equal parts of one batch, drawn alike, so one limit
/// fits them all. Blocks are not alike, but a window for each would grow with the model's depth, in every checkpoint, and would multiply
/// false alarms; so a block is detected when it exceeds the usual largest one.</remarks>
public sealed class SpikeSignal
{
    private readonly Func<StepSignals, IReadOnlyList<double>> parts;
    private readonly string? part;

    private SpikeSignal(string word, string name, Func<StepSignals, IReadOnlyList<double>> parts, string? part = null)
    {
        (Word, Name) = (word, name);
        (this.parts, this.part) = (parts, part);
    }

    public static SpikeSignal Loss { get; } = new("loss", "loss", static step => [step.Loss]);

    public static SpikeSignal GradientNorm { get; } = new("gradient_norm", "gradient norm", static step => [step.GradientNorm]);

    /// <summary>The largest of <see cref="StepSignals.LaneLosses"/>: a fault in one of n lanes moves it n times as much as the
    /// loss.</summary>
    public static SpikeSignal LaneLoss { get; } = new("lane_loss", "largest lane loss", static step => step.LaneLosses, "lane");

    /// <summary><see cref="StepSignals.EmbeddingNorm"/>: its jumps often precede a loss spike by some steps (Zeng et al. 2022, "GLM-130B",
    /// section 2.1).</summary>
    public static SpikeSignal EmbeddingNorm { get; } =
        new("embedding_norm", "embedding gradient norm", static step => step.EmbeddingNorm is { } norm ? [norm] : []);

    public static SpikeSignal BlockNorm { get; } =
        new("block_norm", "largest block gradient norm", static step => step.BlockNorms, "block");

    /// <summary><see cref="StepSignals.UpdateNorm"/>: jumps when second moments lag behind the gradient, which a clipped gradient does not
    /// show.</summary>
    public static SpikeSignal UpdateNorm { get; } =
        new("update_norm", "update norm", static step => step.UpdateNorm is { } norm ? [norm] : []);

    /// <summary>Of rollouts from the base model.</summary>
    public static SpikeSignal Divergence { get; } = new(
        "divergence", "KL divergence of the rollouts", static step => step.Rollouts?.Divergence is { } divergence ? [divergence] : []);

    /// <summary>Of completions.</summary>
    public static SpikeSignal Length { get; } =
        new("length", "mean length of the rollouts", static step => step.Rollouts is { } rollouts ? [rollouts.Length] : []);

    /// <summary>Of the policy from the one that sampled; 0 without a lag.</summary>
    public static SpikeSignal PolicyKl { get; } =
        new("policy_kl", "KL from the policy that sampled", static step => step.Policy is { } policy ? [policy.ApproximateKl] : []);

    public static IReadOnlyList<SpikeSignal> All { get; } =
        [Loss, GradientNorm, LaneLoss, EmbeddingNorm, BlockNorm, UpdateNorm, Divergence, Length, PolicyKl];

    /// <summary>Its name in a run file.</summary>
    public string Word { get; }

    /// <summary>Its name in findings, to follow "the".</summary>
    public string Name { get; }

    /// <summary>NaN if not measured, or if a part of it is not finite.</summary>
    public double Of(StepSignals step)
    {
        ArgumentNullException.ThrowIfNull(step);
        var values = parts(step);
        return values.Count == 0 ? double.NaN : values.Aggregate(Math.Max);
    }

    /// <summary>Null if not finite.</summary>
    public double? Known(StepSignals step) => Of(step) is var value && double.IsFinite(value) ? value : null;

    /// <summary>"NAME of step N" and the position in the step, to follow "the".</summary>
    public string In(StepSignals step)
    {
        ArgumentNullException.ThrowIfNull(step);
        var where = part is null ? "" : $" ({part} {parts(step).ToList().IndexOf(Of(step))})";
        return $"{Name} of step {step.Step}{where}";
    }

    public override string ToString() => Word;
}
