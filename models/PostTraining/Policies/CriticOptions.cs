using ActorTrain.Models.Options;

namespace ActorTrain.Models.PostTraining.Policies;

/// <summary>The critic of PPO: what it starts with, and how it is trained beside the policy.</summary>
public sealed record CriticOptions : IOptions
{
    private const string Kept = "the run has its own copy: its digest must match, not its place";

    [Option("reward model of the base model's shape whose weights the critic starts with: a run or folder of a checkpoint; empty: the "
        + "base model's. Its score starts at zero",
        Pattern = $"|{OptionText.FolderPattern}", Expectation = OptionText.Folder, MayChangeBecause = Kept)]
    public string Model { get; init; } = "";

    [Option("SHA-256 of these weights; recorded at the start", Pattern = "|[0-9a-f]{64}", Expectation = "64 hexadecimal digits")]
    public string Digest { get; init; } = "";

    [Option("coefficient of the value loss beside the policy's", Above = 0)]
    public double Coefficient { get; init; } = 1;

    [Option("how far a value may move from that of sampling before it has no gradient; 0: no bound")]
    public double Clip { get; init; } = 0.2;

    [Option("factor of the learning rate for the critic's weights", Above = 0)]
    public double LearningRateFactor { get; init; } = 1;

    /// <summary><see cref="Clip"/>, infinite for none.</summary>
    public double ValueClip => Clip > 0 ? Clip : double.PositiveInfinity;
}
