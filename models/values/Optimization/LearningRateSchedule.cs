namespace ActorTrain.Models.Optimization;

/// <summary>Linear warm-up to a peak, then a cosine down to a fraction of it (Loshchilov &amp; Hutter 2017). An extended run passes
/// linearly to the cosine of its new length.</summary>
/// <param name="WarmupSteps">Step 0 has rate Peak / WarmupSteps.</param>
/// <param name="Steps">Steps of the run; from there on the rate is minimal.</param>
/// <param name="MinimumRatio">Lowest rate as a fraction of the peak.</param>
public sealed record LearningRateSchedule(double Peak, long WarmupSteps, long Steps, double MinimumRatio = 0.1)
{
    // The schedule before the extension, and the first step of the new one.
    private (LearningRateSchedule Former, long From)? Extension { get; init; }

    /// <summary>The rate of a step, counted from 0.</summary>
    public double At(long step)
    {
        if (Extension is not var (former, from))
            return OfRun(step);
        if (step < from)
            return former.At(step);

        // Without a warm-up there is no transition either: the share is infinite.
        var share = Math.Min(1.0, (step - from + 1.0) / former.TransitionOf(from, Steps));
        return share * OfRun(step) + (1 - share) * former.At(step);
    }

    /// <summary>The schedule after an extension. The rates of earlier steps stay. From the given step on, with N steps in all, W of warm-up
    /// and a(t) = min(1, (t - from + 1) / min(W, N - from)), step t has the rate a(t)·c(t) + (1 - a(t))·f(t): c is the schedule of a run of
    /// N steps with the same warm-up, and f the former schedule, which stays minimal beyond its end.</summary>
    /// <remarks>So a finished run warms up again, to the rate that a run of N steps would have there, and decays again: see Ibrahim et al.
    /// 2024, "Simple and Scalable Strategies to Continually Pre-train Large Language Models".</remarks>
    /// <param name="from">The first step, counted from 0, of the new schedule; at most <see cref="Steps"/>.</param>
    /// <param name="steps">Steps of the longer run. No effect if not more than at present.</param>
    public LearningRateSchedule Extended(long from, long steps) =>
        steps <= Steps ? this : this with { Steps = steps, Extension = (this, from) };

    /// <summary>Steps of the transition to the schedule of a longer run: those of its warm-up, or all that are left.</summary>
    public long TransitionOf(long from, long steps) => Math.Min(WarmupSteps, steps - from);

    private double OfRun(long step)
    {
        if (step < WarmupSteps)
            return Peak * (step + 1) / WarmupSteps;
        if (step >= Steps)
            return Peak * MinimumRatio;
        var progress = (double)(step - WarmupSteps) / (Steps - WarmupSteps);
        return Peak * (MinimumRatio + (1 - MinimumRatio) * 0.5 * (1 + Math.Cos(Math.PI * progress)));
    }
}
