namespace ActorTrain.Data.Tasks;

/// <summary>A question with its right answer.</summary>
/// <param name="Prompt">Such as <c>reverse wolf:</c>.</param>
/// <param name="Answer">Such as <c>flow</c>.</param>
internal sealed record Problem(string Prompt, string Answer);

/// <summary>All problems of a task, in an order that depends on a seed; no two are equal.</summary>
/// <remarks>A pure function of seed and position.</remarks>
internal interface IProblems
{
    /// <summary>How many there are.</summary>
    long Count { get; }

    /// <summary>The formula of a reward (<see cref="Rewards.RewardFunction"/>) for which a policy can be trained.</summary>
    string Reward { get; }

    /// <summary>The characters of which answers consist.</summary>
    string Alphabet { get; }

    /// <param name="position">0 … <see cref="Count"/>−1.</param>
    Problem this[long position] { get; }
}
