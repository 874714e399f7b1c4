using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;

namespace ActorTrain.Persistence.Recovery;

/// <summary>What determines all later steps besides the state and the configuration. It belongs to a state and is stored with it in every
/// snapshot and checkpoint: a run resumed from a state and its overrides takes and judges the same steps as one that never
/// stopped.</summary>
public sealed record RunOverrides
{
    public static RunOverrides None { get; } = new();

    /// <summary>Positions of the sample stream that are skipped: those of interventions, and of vetoes.</summary>
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
    public LearningRateSchedule Extended(LearningRateSchedule schedule) =>
        Interventions.Where(static intervention => intervention.Steps is not null)
        .OrderBy(static intervention => intervention.Number).ThenBy(static intervention => intervention.From)
            .Aggregate(schedule, static (longer, intervention) => longer.Extended(intervention.From, intervention.Steps!.Value));

    /// <summary>The overrides with one more intervention in force.</summary>
    public RunOverrides With(Intervention intervention) =>
        this with { Interventions = Interventions.Add(intervention), Skips = Skips.Joined(intervention.Skipped) };

    /// <summary>Whether a state with these overrides belongs to the run: it has taken every intervention that was in force
    /// before.</summary>
    /// <param name="step">Updates that the state has seen.</param>
    public bool Holds(IEnumerable<Intervention> interventions, long step) =>
        interventions.All(intervention => intervention.From >= step || Interventions.Contains(intervention));

    public bool Equals(RunOverrides? other) =>
        other is not null && Skips.Equals(other.Skips) && Interventions.SequenceEqual(other.Interventions)
            && Vetoes.SequenceEqual(other.Vetoes) && Spikes.Equals(other.Spikes);

    public override int GetHashCode() => HashCode.Combine(Skips, Interventions.Count, Vetoes.Count);
}
