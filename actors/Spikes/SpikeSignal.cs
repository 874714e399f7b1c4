namespace ActorTrain.Actors.Spikes;

/// <summary>What a rule may look at.</summary>
public enum SpikeSignal
{
    /// <summary><see cref="StepSignals.Loss"/>.</summary>
    Loss,

    /// <summary><see cref="StepSignals.GradientNorm"/>.</summary>
    GradientNorm,
}

/// <summary>Reads signals by name.</summary>
public static class SpikeSignals
{
    /// <summary>The value of a signal.</summary>
    public static double Of(this StepSignals signals, SpikeSignal signal)
    {
        ArgumentNullException.ThrowIfNull(signals);
        return signal == SpikeSignal.Loss ? signals.Loss : signals.GradientNorm;
    }

    /// <summary>How a signal is called in findings.</summary>
    public static string NameOf(SpikeSignal signal) => signal == SpikeSignal.Loss ? "loss" : "gradient norm";
}
