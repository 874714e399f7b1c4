using ActorTrain.Data.Shards;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Data.Rewards;

/// <summary>A reward computed by rules: a weighted sum of named parts of text, such as <c>similarity^4 - 0.01*length</c>.</summary>
/// <remarks>
/// <para>A pure function, with the same bits on every machine: text is compared by UTF-16 code units, in no culture; values are computed by
/// additions, multiplications and divisions alone, in the order of the formula. Thread-safe.</para>
/// <para>Work is limited by steps, not by time: the steps of a part follow from the lengths of its texts
/// (<see cref="RewardParts"/>).</para>
/// </remarks>
public sealed class RewardFunction
{
    private readonly IReadOnlyList<RewardTerm> terms;
    private readonly long fuel;

    private RewardFunction(IReadOnlyList<RewardTerm> terms, long fuel) =>
        (this.terms, this.fuel, Parts) = (terms, fuel, [.. terms.Select(static term => term.Name)]);

    /// <summary>The parts as written, without weights, such as <c>similarity^4</c>; no two are equal.</summary>
    public IReadOnlyList<string> Parts { get; }

    /// <summary>What each part counts.</summary>
    public IReadOnlyList<double> Weights => [.. terms.Select(static term => term.Weight)];

    /// <summary>Whether a part compares with the answer in a prompt's reference: see <see cref="RequireAnswers"/>.</summary>
    public bool NeedsAnswer => terms.Any(static term => term.Part.NeedsAnswer);

    /// <summary>Reads a formula: see <see cref="RewardParser"/>.</summary>
    /// <param name="fuel">Most steps of a part for one completion.</param>
    /// <exception cref="UserErrorException">The formula is invalid.</exception>
    public static RewardFunction Parse(string formula, long fuel = long.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(fuel);
        return RewardParser.ProblemOf(formula, out var terms) is { } problem
            ? throw new UserErrorException($"The reward function {problem}")
            : new RewardFunction(terms, fuel);
    }

    /// <summary>Scores a completion.</summary>
    /// <exception cref="InvariantException">A part needs an answer that the reference lacks.</exception>
    public RewardScore Score(RewardInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var answer = NeedsAnswer
            ? Answer.Of(input.Reference) ?? throw new InvariantException("A prompt without an answer reached a reward that needs one.")
            : "";
        var parts = new double?[terms.Count];
        double? total = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            var value = terms[i].Part.StepsOf(input.Completion, answer) > fuel ? null : Finite(terms[i].ValueOf(input, answer));
            parts[i] = value;
            if (terms[i].Weight != 0)
                total += terms[i].Weight * value;
        }

        return new RewardScore(RolloutScore.Sound(total), parts);
    }

    /// <summary>Rejects prompts without an answer that a part can compare with, before anything starts.</summary>
    /// <param name="prompts">Prepared prompts.</param>
    /// <exception cref="UserErrorException">A prompt has none; the sentence names its position, from 1.</exception>
    public void RequireAnswers(TokenStore prompts)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        Require(prompts.TrainSequences, "training");
        if (prompts.ValidationSequences is { } validation)
            Require(validation, "validation");

        void Require(SequencePart part, string name)
        {
            for (var group = 0L; NeedsAnswer && group < part.Groups; group++)
            {
                if (Lacking(part.ReferenceOf(group)) is { Term: var term, Lack: var lack })
                {
                    throw new UserErrorException(
                        $"The {name} prompt {group + 1} of {prompts.Folder} has no {lack}, with which '{term.Name}' compares: "
                        + $"add it to the record and prepare the prompts again, or choose a reward without '{term.Name}'.");
                }
            }
        }
    }

    private (RewardTerm Term, string Lack)? Lacking(string? reference)
    {
        var answer = Answer.Of(reference);
        foreach (var term in terms.Where(static term => term.Part.NeedsAnswer))
        {
            if (answer is null)
                return (term, $"text or number in the field \"{Answer.Field}\"");
            if (term.Part.NeedsNumber && DecimalNumber.LastOf(answer) is null)
                return (term, $"number in the field \"{Answer.Field}\"");
        }

        return null;
    }

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}
