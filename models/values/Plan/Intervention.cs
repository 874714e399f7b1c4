using System.Text.Json.Serialization;

namespace ActorTrain.Models.Plan;

/// <summary>A change of a run from a step on: skipped batches, a learning-rate factor, or a new last step. A run that starts with all its
/// interventions takes the same steps as one that received them one by one.</summary>
/// <param name="Number">Counts the interventions of a run, from 1.</param>
/// <param name="From">Updates so far when it takes effect: steps before it are not affected.</param>
/// <param name="Skipped">Positions of the sample stream to skip; none of them belongs to a step before <paramref name="From"/>.</param>
/// <param name="RateFactor">Factor of the learning rate of all steps from there on.</param>
/// <param name="By"><see cref="Automatic"/>, or an operator's name.</param>
public sealed record Intervention(long Number, long From, EquatableArray<SkippedRange> Skipped, double RateFactor, string By, string Reason)
{
    /// <summary>Decided by the run itself.</summary>
    public const string Automatic = "the run";

    /// <summary>New total of updates: see <see cref="Optimization.LearningRateSchedule.Extended"/>; null if unchanged.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Steps { get; init; }
}
