namespace ActorTrain.Models.Optimization;

/// <summary>Linear warm-up to a peak, then a cosine down to a fraction of it (Loshchilov &amp; Hutter 2017).</summary>
/// <param name="Peak">Highest rate.</param>
/// <param name="WarmupSteps">Steps of the warm-up; step 0 has rate Peak / WarmupSteps.</param>
/// <param name="Steps">Steps of the run; from there on the rate stays at its lowest.</param>
/// <param name="MinimumRatio">Lowest rate as a fraction of the peak.</param>
public sealed record LearningRateSchedule(double Peak, long WarmupSteps, long Steps, double MinimumRatio = 0.1)
{
    /// <summary>The rate of a step, counted from 0.</summary>
    public double At(long step)
    {
        if (step < WarmupSteps)
            return Peak * (step + 1) / WarmupSteps;
        if (step >= Steps)
            return Peak * MinimumRatio;
        var progress = (double)(step - WarmupSteps) / (Steps - WarmupSteps);
        return Peak * (MinimumRatio + (1 - MinimumRatio) * 0.5 * (1 + Math.Cos(Math.PI * progress)));
    }
}
