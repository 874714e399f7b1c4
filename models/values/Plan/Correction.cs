using System.Text.Json.Serialization;

namespace ActorTrain.Models.Plan;

/// <summary>A change of a run's course, in force from a step on: batches that are left out, a learning rate that is lowered, a
/// later end. Whoever begins with all its corrections known takes the same steps as a run that came to them one by one.</summary>
/// <param name="Number">Counts the corrections of a run, from 1.</param>
/// <param name="From">Updates so far when it comes into force: steps before it are not touched.</param>
/// <param name="Skipped">Positions of the sample stream that are left out; none of them belongs to a step before <paramref name="From"/>.</param>
/// <param name="RateFactor">The learning rate of all steps from there on is multiplied by it.</param>
/// <param name="By">Who wanted it: <see cref="Automatic"/>, or an operator's name.</param>
public sealed record Correction(long Number, long From, EquatableArray<SkippedRange> Skipped, double RateFactor, string By, string Reason)
{
    /// <summary>Decided by the run itself, from what its steps showed.</summary>
    public const string Automatic = "the run";

    /// <summary>Updates in all that the run has with it: see <see cref="Optimization.LearningRateSchedule.Extended"/>; null: as many as before.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Steps { get; init; }
}
