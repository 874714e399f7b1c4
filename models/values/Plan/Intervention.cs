using System.Text.Json.Serialization;

namespace ActorTrain.Models.Plan;

/// <summary>A change of a run, in force from a step on: skipped batches, a learning-rate factor, or a
/// new last step. A run that starts with all its interventions known takes the same steps as one that received them one by one.</summary>
/// <param name="Number">Counts the interventions of a run, from 1.</param>
/// <param name="From">Updates so far when it comes into force: steps before it are not touched.</param>
/// <param name="Skipped">Positions of the sample stream that are skipped; none of them belongs to a step before
/// <paramref name="From"/>.</param>
/// <param name="RateFactor">The learning rate of all steps from there on is multiplied by it.</param>
/// <param name="By">Who wanted it: <see cref="Automatic"/>, or an operator's name.</param>
public sealed record Intervention(long Number, long From, EquatableArray<SkippedRange> Skipped, double RateFactor, string By, string Reason)
{
    /// <summary>Decided by the run itself, from what its steps showed.</summary>
    public const string Automatic = "the run";

    /// <summary>Updates in all that the run has with it: see <see cref="Optimization.LearningRateSchedule.Extended"/>; null: as many as
    /// before.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Steps { get; init; }
}
