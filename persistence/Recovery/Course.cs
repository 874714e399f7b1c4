using System.Collections.Immutable;
using System.Text.Json.Serialization;
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

    /// <summary>Positions of the sample stream that are left out: those of interventions, and of vetoes.</summary>
    public SkipList Skips { get; init; } = SkipList.Empty;

    /// <summary>Interventions in force, in the order of their numbers.</summary>
    [JsonPropertyName("corrections")]
    public ImmutableList<Intervention> Interventions { get; init; } = [];

    /// <summary>Steps, counted from 0, at which an update was vetoed, in order.</summary>
    public ImmutableList<long> Vetoes { get; init; } = [];

    /// <summary>What the rules for spikes remember.</summary>
    public SpikeMemory Spikes { get; init; } = SpikeMemory.Empty;

    /// <summary>What all interventions together do to the learning rate.</summary>
    public double RateFactor => Interventions.Aggregate(1.0, static (factor, intervention) => factor * intervention.RateFactor);

    /// <summary>A run's schedule with the extensions in force. Of two the later decided counts, wherever each comes into force.</summary>
    public LearningRateSchedule Extended(LearningRateSchedule schedule) => Interventions.Where(static intervention => intervention.Steps is not null)
        .OrderBy(static intervention => intervention.Number).ThenBy(static intervention => intervention.From).Aggregate(schedule, static (longer, intervention) => longer.Extended(intervention.From, intervention.Steps!.Value));

    /// <summary>The course with one more intervention in force.</summary>
    public Course With(Intervention intervention)
    {
        ArgumentNullException.ThrowIfNull(intervention);
        return this with { Interventions = Interventions.Add(intervention), Skips = Skips.Joined(intervention.Skipped) };
    }

    /// <summary>Whether a state of some step with this course is one of the run's: it has taken every intervention that was in force before.</summary>
    /// <param name="interventions">All interventions of the run so far.</param>
    /// <param name="step">Updates that the state has seen.</param>
    public bool Holds(IEnumerable<Intervention> interventions, long step) =>
        interventions.All(intervention => intervention.From >= step || Interventions.Contains(intervention));

    /// <inheritdoc/>
    public bool Equals(Course? other) =>
        other is not null && Skips.Equals(other.Skips) && Interventions.SequenceEqual(other.Interventions) && Vetoes.SequenceEqual(other.Vetoes) && Spikes.Equals(other.Spikes);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Skips, Interventions.Count, Vetoes.Count);
}
