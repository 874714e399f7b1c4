using ActorTrain.Models.Options;

namespace ActorTrain.Data.Rewards;

/// <summary>How rollouts are scored.</summary>
public sealed record ScoringOptions : IOptions
{
    [Option("programmatic reward: a weighted sum of parts", Pattern = @"\P{Cc}+",
        Expectation = "a weighted sum of parts, such as similarity^4 - 0.01*length")]
    public string Function { get; init; } = "exact";

    [Option("most steps of a part of the reward for one completion; it has no score if a part takes more", Min = 1, Max = 1e12)]
    public long Fuel { get; init; } = 10_000_000;

    public RewardFunction Build() => RewardFunction.Parse(Function, Fuel);

    public IEnumerable<OptionProblem> Validate()
    {
        if (RewardParser.ProblemOf(Function) is { } problem)
            yield return new($"{nameof(Function):key} {problem}");
    }
}
