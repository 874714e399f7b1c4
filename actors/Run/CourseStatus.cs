using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Run;

/// <summary>What was decided on a run's course, for people who look.</summary>
public sealed record CourseStatus
{
    /// <summary>Whether an operator wants no further step.</summary>
    public bool IsPaused { get; init; }

    /// <summary>Trainers that take no part until they are released.</summary>
    public IReadOnlyList<int> Quarantined { get; init; } = [];

    /// <summary>Corrections that the steps now taken follow.</summary>
    public IReadOnlyList<Correction> InForce { get; init; } = [];

    /// <summary>Corrections from whose step the run is still away.</summary>
    public IReadOnlyList<Correction> Pending { get; init; } = [];

    /// <summary>What those in force do to the learning rate.</summary>
    public double RateFactor => InForce.Aggregate(1.0, static (factor, correction) => factor * correction.RateFactor);

    /// <summary>Spikes that were judged so far.</summary>
    public int Spikes { get; init; }

    /// <summary>Updates that were vetoed.</summary>
    public int Vetoes { get; init; }

    /// <summary>How often all trainers went back.</summary>
    public int Rollbacks { get; init; }

    /// <summary>How often bits were found corrupt.</summary>
    public int Corruptions { get; init; }
}
