using ActorTrain.Models.Options;

namespace ActorTrain.Data.Rewards;

/// <summary>How rollouts are scored.</summary>
public sealed record ScoringOptions : IOptions
{
    private const string Kept = "the run has its own copy: its digest must match, not its place";

    [Option("programmatic reward: a weighted sum of parts; empty: none", Pattern = @"\P{Cc}*",
        Expectation = "a weighted sum of parts, such as similarity^4 - 0.01*length")]
    public string Function { get; init; } = "";

    [Option("run of a reward model whose score is added; empty: none", Pattern = $"|{OptionText.FolderPattern}",
        Expectation = OptionText.Folder, MayChangeBecause = Kept)]
    public string Model { get; init; } = "";

    [Option("weight of the score of {Model}", Min = -1e6, Max = 1e6)]
    public double ModelWeight { get; init; } = 1;

    [Option("SHA-256 of {Model}'s weights and normalisation; recorded at the start", Pattern = "|[0-9a-f]{64}",
        Expectation = "64 hexadecimal digits")]
    public string Digest { get; init; } = "";

    [Option("most steps of a part of the reward for one completion; it has no score if a part takes more", Min = 1, Max = 1e12)]
    public long Fuel { get; init; } = 10_000_000;

    /// <summary>Names of the parts of a reward, in order.</summary>
    public IReadOnlyList<string> Parts() => [.. Build()?.Parts ?? [], .. Model.Length == 0 ? (string[])[] : ["model"]];

    /// <summary>What each part counts in the reward.</summary>
    public IReadOnlyList<double> PartWeights() => [.. Build()?.Weights ?? [], .. Model.Length == 0 ? (double[])[] : [ModelWeight]];

    /// <summary>Null for none.</summary>
    public RewardFunction? Build() => Function.Length == 0 ? null : RewardFunction.Parse(Function, Fuel);

    public IEnumerable<OptionProblem> Validate()
    {
        if (Function.Length > 0 && RewardParser.ProblemOf(Function) is { } problem)
            yield return new($"{nameof(Function):key} {problem}");
    }
}
