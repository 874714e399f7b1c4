using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Optimization;

namespace ActorTrain.Actors.Spikes;

/// <summary>What one rule says of a step.</summary>
/// <param name="Finding">What it found; null: nothing.</param>
/// <param name="IfApplied">What it remembers when the update is applied.</param>
/// <param name="IfVetoed">What it remembers when it is not.</param>
public sealed record Opinion(Finding? Finding, ImmutableArray<double> IfApplied, ImmutableArray<double> IfVetoed)
{
    /// <summary>What it wants done to the update, should that be applied.</summary>
    public UpdateAdjustment Wants { get; init; } = UpdateAdjustment.None;
}

/// <summary>One way to tell a bad step: a pure function of the step's signals and of what it remembers, which it is handed each
/// time.</summary>
public abstract class SpikeRule
{
    /// <summary>Its name, as in options, journal and benchmark.</summary>
    public abstract string Name { get; }

    /// <param name="memory">What it remembered last; empty before the first step.</param>
    public abstract Opinion Judge(StepSignals signals, ImmutableArray<double> memory);
}
