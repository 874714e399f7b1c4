using ActorTrain.Models.Options;

namespace ActorTrain.Data.Rewards;

/// <summary>How rollouts are scored.</summary>
public sealed record ScoringOptions : IOptions
{
    private const string Kept = "the run has its own copy: its digest must match, not its place";
    private const string Recorded = "answers are recorded, and it changes none of them";

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

    /// <summary>It may move, but a run keeps having one, or none.</summary>
    [Option("address of a judge that scores over HTTP, whose score is added; empty: none", Pattern = @"[^\p{Cc}\s]*",
        Expectation = "an address such as https://judge.example.com/score",
        MayChangeBecause = "recorded answers stay; only new questions are sent to it")]
    public string Judge { get; init; } = "";

    [Option("weight of the score of {Judge}", Min = -1e6, Max = 1e6)]
    public double JudgeWeight { get; init; } = 1;

    [Option("time after which a question is sent to {Judge} again", Unit = "seconds", Min = 0.1, Max = 86_400, MayChangeBecause = Recorded)]
    public TimeSpan JudgeTimeout { get; init; } = TimeSpan.FromMinutes(1);

    [Option("questions that {Judge} is asked at the same time, each about the completions of one prompt", Min = 1, Max = 1024,
        MayChangeBecause = Recorded)]
    public int JudgeAtOnce { get; init; } = 4;

    public bool HasModel => Model.Length > 0;

    public bool HasJudge => Judge.Length > 0;

    /// <summary>Names of the parts of a reward, in order.</summary>
    public IReadOnlyList<string> Parts() =>
        [.. Build()?.Parts ?? [], .. HasModel ? (string[])["model"] : [], .. HasJudge ? (string[])["judge"] : []];

    /// <summary>What each part counts in the reward.</summary>
    public IReadOnlyList<double> PartWeights() =>
        [.. Build()?.Weights ?? [], .. HasModel ? (double[])[ModelWeight] : [], .. HasJudge ? (double[])[JudgeWeight] : []];

    /// <summary>Null for none.</summary>
    public RewardFunction? Build() => Function.Length == 0 ? null : RewardFunction.Parse(Function, Fuel);

    public IEnumerable<OptionProblem> Validate()
    {
        if (Function.Length > 0 && RewardParser.ProblemOf(Function) is { } problem)
            yield return new($"{nameof(Function):key} {problem}");
        if (HasJudge && ProblemOfAddress() is { } wrong)
            yield return new($"{nameof(Judge):key} {wrong}");
    }

    private string? ProblemOfAddress() =>
        !Uri.TryCreate(Judge, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || address.Host.Length == 0
            ? $"'{Judge}' is not an address of HTTP; write it as https://HOST:PORT/PATH."
        : address.UserInfo.Length > 0
            ? $"has credentials in it, which would be kept in run.yaml; put a token into {JudgeToken} instead."
        : address.Fragment.Length > 0 ? $"'{Judge}' has a fragment, which is never sent; remove {address.Fragment}." : null;

    /// <summary>The environment variable with the token that a judge is sent; it is written nowhere.</summary>
    public const string JudgeToken = "ACTORTRAIN_JUDGE_TOKEN";
}
