using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Training;

/// <summary>How many trainers there are, and how long one may be silent or fail.</summary>
[OptionGroup(MayChangeBecause = "they only affect timeouts and restarts")]
public sealed record TrainersOptions : IOptions
{
    /// <summary>Most trainers of a run.</summary>
    public const int Most = 1 << 16;

    [Option("number of trainers, which share the lanes; 'actortrain scale' changes it during the run",
        Min = 1, Max = Most, MayChangeBecause = OptionText.WhoComputes)]
    public int Count { get; init; } = 1;

    [Option("time without a heartbeat after which a trainer counts as hung", Unit = "seconds", Min = 0.001, Max = 86_400)]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    [Option("time after which an unanswered message is repeated; below a quarter of {Timeout}",
        Unit = "seconds", Min = 0.001, Max = 86_400)]
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(2);

    [OptionGroup(Key = "")]
    public TrainerSupervisorOptions Supervision { get; init; } = new();

    public IEnumerable<OptionProblem> Validate()
    {
        if (RetryInterval >= Timeout / 4)
        {
            yield return new(
                $"{nameof(RetryInterval):key} {RetryInterval.TotalSeconds} is not below a quarter of "
                + $"{nameof(Timeout):key} {Timeout.TotalSeconds}, so a lost message would look like a hung trainer; lower it.");
        }
    }
}
