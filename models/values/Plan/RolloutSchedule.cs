namespace ActorTrain.Models.Plan;

/// <summary>Which weights sample the rollouts of which step: planned, never decided by who was faster.</summary>
/// <remarks>Step s is trained on rollouts of the weights of step s − lag. Every so many steps, at the beginning of a window, sampling
/// begins anew with the newest weights: there a run can resume from its own state alone, and no older weights are kept with it.</remarks>
/// <param name="Lag">0: each step is trained on rollouts of its own weights.</param>
/// <param name="Window">Steps of a window, more than the lag.</param>
public sealed record RolloutSchedule(int Lag = 0, int Window = 1)
{
    private long Span => Lag == 0 ? 1 : Window;

    /// <summary>Whether a run can resume at a step from the state of that step alone.</summary>
    public bool IsRestart(long step) => step % Span == 0;

    /// <summary>The last step at or before another one at which a run can resume.</summary>
    public long RestartBefore(long step) => step - step % Span;

    /// <summary>The step whose weights sample the rollouts of <paramref name="step"/>.</summary>
    public long WeightsOf(long step) => Math.Max(RestartBefore(step), step - Lag);

    /// <summary>The steps whose rollouts the weights of <paramref name="step"/> sample, ascending.</summary>
    public IEnumerable<long> SampledBy(long step)
    {
        for (var later = step; later <= step + Lag; later++)
        {
            if (WeightsOf(later) == step)
                yield return later;
        }
    }

    /// <summary>Whether a multiple of <paramref name="every"/> is reached since the last step at which a run could resume.</summary>
    public bool Passes(long step, long every) => IsRestart(step) && step / every != (step - Span) / every;
}
