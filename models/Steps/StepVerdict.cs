namespace ActorTrain.Models.Steps;

/// <summary>What is known of a step before its update is applied.</summary>
/// <param name="Step">Number of the step, from 0.</param>
/// <param name="Loss">Mean loss of the global batch, nats per token.</param>
/// <param name="GradientNorm">Global L2 norm of its gradient, before clipping.</param>
public sealed record StepMeasure(long Step, double Loss, double GradientNorm);

/// <summary>Whether a step's update may be applied. A bad update is vetoed, not undone.</summary>
/// <param name="Reason">Why not, in words; null when it may.</param>
public sealed record StepVerdict(string? Reason)
{
    /// <summary>Whether the update may be applied.</summary>
    public bool IsAccepted => Reason is null;

    /// <summary>Vetoes a loss or a gradient that is no number.</summary>
    public static StepVerdict Judge(StepMeasure measure)
    {
        ArgumentNullException.ThrowIfNull(measure);
        return new StepVerdict(
            !double.IsFinite(measure.Loss) ? $"the loss of step {measure.Step} is {measure.Loss}"
            : !double.IsFinite(measure.GradientNorm) ? $"the gradient norm of step {measure.Step} is {measure.GradientNorm}"
            : null);
    }
}
