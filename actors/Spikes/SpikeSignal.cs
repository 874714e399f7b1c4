using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Spikes;

/// <summary>A number that a step shows before its update is applied, and that rules compare with those of other steps. All of them stand
/// here.</summary>
/// <remarks>Of lanes, and of blocks, the largest counts, as one signal. Lanes are equal parts of one batch, drawn alike, so one limit fits
/// them all. Blocks are not alike, but a window for each would be as long as the model is deep, in every checkpoint, and would raise as
/// many more false alarms; so a block is found out of place when it outgrows what the largest of them usually is.</remarks>
public sealed class SpikeSignal
{
    private readonly Func<StepSignals, IReadOnlyList<double>> parts;
    private readonly string? part;

    private SpikeSignal(string word, string name, Func<StepSignals, IReadOnlyList<double>> parts, string? part = null)
    {
        (Word, Name) = (word, name);
        (this.parts, this.part) = (parts, part);
    }

    /// <summary><see cref="StepSignals.Loss"/>.</summary>
    public static SpikeSignal Loss { get; } = new("loss", "loss", static step => [step.Loss]);

    /// <summary><see cref="StepSignals.GradientNorm"/>.</summary>
    public static SpikeSignal GradientNorm { get; } = new("gradient_norm", "gradient norm", static step => [step.GradientNorm]);

    /// <summary>The largest of <see cref="StepSignals.LaneLosses"/>: what is bad in one lane alone moves it as many times as much as the
    /// loss as there are lanes.</summary>
    public static SpikeSignal LaneLoss { get; } = new("lane_loss", "largest lane loss", static step => step.LaneLosses, "lane");

    /// <summary><see cref="StepSignals.EmbeddingNorm"/>: where it leaps, a spike of the loss often follows some steps later (Zeng et al.
    /// 2022, "GLM-130B", section 2.1).</summary>
    public static SpikeSignal EmbeddingNorm { get; } =
        new("embedding_norm", "embedding gradient norm", static step => step.EmbeddingNorm is { } norm ? [norm] : []);

    /// <summary>The largest of <see cref="StepSignals.BlockNorms"/>.</summary>
    public static SpikeSignal BlockNorm { get; } =
        new("block_norm", "largest block gradient norm", static step => step.BlockNorms, "block");

    /// <summary><see cref="StepSignals.UpdateNorm"/>: it leaps where second moments lag behind the gradient, which a clipped gradient does
    /// not show.</summary>
    public static SpikeSignal UpdateNorm { get; } =
        new("update_norm", "update norm", static step => step.UpdateNorm is { } norm ? [norm] : []);

    /// <summary>Every signal, in the order in which rules look at them.</summary>
    public static IReadOnlyList<SpikeSignal> All { get; } = [Loss, GradientNorm, LaneLoss, EmbeddingNorm, BlockNorm, UpdateNorm];

    /// <summary>Its name in a run file.</summary>
    public string Word { get; }

    /// <summary>Its name in findings, to follow "the".</summary>
    public string Name { get; }

    /// <summary>Its value; NaN where it was not measured, or a part of it is no number.</summary>
    public double Of(StepSignals step)
    {
        ArgumentNullException.ThrowIfNull(step);
        var values = parts(step);
        return values.Count == 0 ? double.NaN : values.Aggregate(Math.Max);
    }

    /// <summary>Its value; null where that is no number.</summary>
    public double? Known(StepSignals step) => Of(step) is var value && double.IsFinite(value) ? value : null;

    /// <summary>"NAME of step N", and where in the step it is, to follow "the".</summary>
    /// <param name="step">A step of which it was measured.</param>
    public string In(StepSignals step)
    {
        ArgumentNullException.ThrowIfNull(step);
        var where = part is null ? "" : $" ({part} {parts(step).ToList().IndexOf(Of(step))})";
        return $"{Name} of step {step.Step}{where}";
    }

    public override string ToString() => Word;
}
