using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Spikes;

/// <summary>A loss or gradient that is NaN or infinite. Without memory; active from the first step.</summary>
/// <remarks>Source: Micikevicius et al. 2018, "Mixed Precision Training", section 3.2: an update whose gradient overflows is
/// skipped.</remarks>
public sealed class NonFiniteRule : SpikeRule
{
    public const string Id = "non_finite";

    public override string Name => Id;

    public override Opinion Judge(StepSignals signals, ImmutableArray<double> memory)
    {
        ArgumentNullException.ThrowIfNull(signals);
        return new Opinion(Find(signals), memory, memory);
    }

    private Finding? Find(StepSignals signals)
    {
        foreach (var signal in (ReadOnlySpan<SpikeSignal>)[SpikeSignal.Loss, SpikeSignal.GradientNorm])
        {
            var value = signal.Of(signals);
            if (!double.IsFinite(value))
                return new Finding(Name, signal.Name, value, double.MaxValue, signals.Step, SpikeAnswer.Veto,
                    $"the {signal.In(signals)} is {value}");
        }

        return signals.NonFinite > 0
            ? new Finding(
                Name, "non-finite elements", signals.NonFinite, 0, signals.Step, SpikeAnswer.Veto,
                $"{signals.NonFinite} elements of the gradient of step {signals.Step} are not finite")
            : null;
    }
}
