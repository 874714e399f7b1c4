using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;

namespace ActorTrain.Persistence.Recovery;

/// <summary>What determines all later steps besides the state and the configuration. Stored with the state in every snapshot and
/// checkpoint: a run resumed from both takes and judges the same steps as one that never stopped.</summary>
public sealed record RunOverrides
{
    public static RunOverrides None { get; } = new();

    /// <summary>Positions of the sample stream skipped by interventions and vetoes.</summary>
    public SkipList Skips { get; init; } = SkipList.Empty;

    /// <summary>In the order of their numbers.</summary>
    [JsonPropertyName("corrections")]
    public ImmutableList<Intervention> Interventions { get; init; } = [];

    /// <summary>Steps, counted from 0, at which an update was vetoed, in order.</summary>
    public ImmutableList<long> Vetoes { get; init; } = [];

    public SpikeMemory Spikes { get; init; } = SpikeMemory.Empty;

    /// <summary>Of the KL divergence in the reward of rollouts, once it was adapted; else null.</summary>
    public double? KlCoefficient { get; init; }

    /// <summary>Product of the interventions' learning-rate factors.</summary>
    public double RateFactor => Interventions.Aggregate(1.0, static (factor, intervention) => factor * intervention.RateFactor);

    /// <summary>A run's schedule with the extensions in force. Of two the one decided later counts, whichever takes effect first.</summary>
    public LearningRateSchedule Extended(LearningRateSchedule schedule) =>
        Interventions.Where(static intervention => intervention.Steps is not null)
        .OrderBy(static intervention => intervention.Number).ThenBy(static intervention => intervention.From)
            .Aggregate(schedule, static (longer, intervention) => longer.Extended(intervention.From, intervention.Steps!.Value));

    public RunOverrides With(Intervention intervention) =>
        this with { Interventions = Interventions.Add(intervention), Skips = Skips.Joined(intervention.Skipped) };

    /// <summary>Whether a state with these overrides belongs to the run, that is, has every intervention in force before it.</summary>
    /// <param name="step">Updates that the state has seen.</param>
    public bool Holds(IEnumerable<Intervention> interventions, long step) =>
        interventions.All(intervention => intervention.From >= step || Interventions.Contains(intervention));

    public bool Equals(RunOverrides? other) =>
        other is not null && Skips.Equals(other.Skips) && Interventions.SequenceEqual(other.Interventions)
            && Vetoes.SequenceEqual(other.Vetoes) && Spikes.Equals(other.Spikes) && KlCoefficient.Equals(other.KlCoefficient);

    public override int GetHashCode() => HashCode.Combine(Skips, Interventions.Count, Vetoes.Count);
}
