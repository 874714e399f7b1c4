using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Optimization;

namespace ActorTrain.Actors.Spikes;

/// <summary>One rule's opinion on a step.</summary>
/// <param name="Finding">Null for none.</param>
/// <param name="IfApplied">Its memory if the update is applied.</param>
/// <param name="IfVetoed">Its memory if it is vetoed.</param>
public sealed record Opinion(Finding? Finding, ImmutableArray<double> IfApplied, ImmutableArray<double> IfVetoed)
{
    /// <summary>Changes to the update, if it is applied.</summary>
    public UpdateAdjustment Wants { get; init; } = UpdateAdjustment.None;
}

/// <summary>One way to detect a bad step: a pure function of the step's signals and its own memory, passed in each time.</summary>
public abstract class SpikeRule
{
    /// <summary>As in options, journal and benchmark.</summary>
    public abstract string Name { get; }

    /// <param name="memory">Its last memory; empty before the first step.</param>
    public abstract Opinion Judge(StepSignals signals, ImmutableArray<double> memory);
}
