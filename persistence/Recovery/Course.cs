using System.Collections.Immutable;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;

namespace ActorTrain.Persistence.Recovery;

/// <summary>What decides, beside the state and the configuration, what all later steps do: it belongs to a state, and is kept with it in every
/// snapshot and checkpoint. Who goes on from a state with its course takes the same steps, and judges them alike, as if it had never
/// stopped.</summary>
public sealed record Course
{
    /// <summary>At the first step.</summary>
    public static Course Start { get; } = new();

    /// <summary>Positions of the sample stream that are left out: those of corrections, and of vetoes.</summary>
    public SkipList Skips { get; init; } = SkipList.Empty;

    /// <summary>Corrections in force, in the order of their numbers.</summary>
    public ImmutableList<Correction> Corrections { get; init; } = [];

    /// <summary>Steps, counted from 0, at which an update was vetoed, in order.</summary>
    public ImmutableList<long> Vetoes { get; init; } = [];

    /// <summary>What the rules for spikes remember.</summary>
    public SpikeMemory Spikes { get; init; } = SpikeMemory.Empty;

    /// <summary>What all corrections together do to the learning rate.</summary>
    public double RateFactor => Corrections.Aggregate(1.0, static (factor, correction) => factor * correction.RateFactor);

    /// <summary>A run's schedule with the extensions in force. Of two the later decided counts, wherever each comes into force.</summary>
    public LearningRateSchedule Extended(LearningRateSchedule schedule) => Corrections.Where(static correction => correction.Steps is not null)
        .OrderBy(static correction => correction.Number).ThenBy(static correction => correction.From).Aggregate(schedule, static (longer, correction) => longer.Extended(correction.From, correction.Steps!.Value));

    /// <summary>The course with one more correction in force.</summary>
    public Course With(Correction correction) =>
        this with { Corrections = Corrections.Add(correction), Skips = Skips.Joined(correction.Skipped) };

    /// <summary>Whether a state of some step with this course is one of the run's: it has taken every correction that was in force before.</summary>
    /// <param name="step">Updates that the state has seen.</param>
    public bool Holds(IEnumerable<Correction> corrections, long step) =>
        corrections.All(correction => correction.From >= step || Corrections.Contains(correction));

    public bool Equals(Course? other) =>
        other is not null && Skips.Equals(other.Skips) && Corrections.SequenceEqual(other.Corrections) && Vetoes.SequenceEqual(other.Vetoes) && Spikes.Equals(other.Spikes);

    public override int GetHashCode() => HashCode.Combine(Skips, Corrections.Count, Vetoes.Count);
}
