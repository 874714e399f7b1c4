using System.Collections.Immutable;
using ActorTrain.Models.Optimization;

namespace ActorTrain.Actors.Spikes;

/// <summary>What one rule says of a step.</summary>
/// <param name="Finding">What it found; null: nothing.</param>
/// <param name="IfApplied">What it remembers when the update is applied.</param>
/// <param name="IfLeftOut">What it remembers when it is not.</param>
public sealed record Opinion(Finding? Finding, ImmutableArray<double> IfApplied, ImmutableArray<double> IfLeftOut);

/// <summary>One way to tell a bad step: a pure function of the step's signals and of what it remembers, which it is handed each time.</summary>
public abstract class SpikeRule
{
    /// <summary>Its name, as in options, journal and benchmark.</summary>
    public abstract string Name { get; }

    /// <summary>Judges a step.</summary>
    /// <param name="signals">The step.</param>
    /// <param name="memory">What it remembered last; empty before the first step.</param>
    public abstract Opinion Judge(StepSignals signals, ImmutableArray<double> memory);

    /// <summary>Adds what it wants done to the update, should that be applied.</summary>
    /// <param name="adjustment">What rules before it want.</param>
    /// <param name="opinion">What it said of the step.</param>
    public virtual UpdateAdjustment Adjust(UpdateAdjustment adjustment, Opinion opinion) => adjustment;
}

/// <summary>A loss or gradient that is no number.</summary>
public sealed class NonFiniteRule : SpikeRule
{
    /// <inheritdoc/>
    public override string Name => "non_finite";

    /// <inheritdoc/>
    public override Opinion Judge(StepSignals signals, ImmutableArray<double> memory)
    {
        ArgumentNullException.ThrowIfNull(signals);
        var (signal, value) = !double.IsFinite(signals.Loss) ? ("loss", signals.Loss) : ("gradient norm", signals.GradientNorm);
        return new Opinion(
            double.IsFinite(value) ? null : new Finding(Name, signal, value, double.MaxValue, signals.Step, SpikeAnswer.Veto, $"the {signal} of step {signals.Step} is {value}"),
            memory, memory);
    }
}
