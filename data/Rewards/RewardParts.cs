using System.Text.RegularExpressions;

namespace ActorTrain.Data.Rewards;

/// <summary>A part of a reward.</summary>
/// <param name="StepsOf">The steps that a completion takes, given it and the answer: an upper bound on the characters looked at.</param>
/// <param name="ValueOf">Its value, given the answer.</param>
internal sealed record RewardPart(Func<string, string, long> StepsOf, Func<RewardInput, string, double> ValueOf)
{
    /// <summary>Whether it compares with the answer; the answer given is empty if no part does.</summary>
    public bool NeedsAnswer { get; init; }

    /// <summary>Whether the answer must contain a number.</summary>
    public bool NeedsNumber { get; init; }
}

/// <summary>A name that a formula may contain.</summary>
/// <param name="Argument">What stands between its brackets, such as <c>a text</c>; null if nothing does.</param>
/// <param name="Make">Given the argument.</param>
/// <exception cref="ArgumentException">The argument is invalid; the message is a phrase to follow "which".</exception>
internal sealed record PartKind(string Name, string? Argument, Func<string, RewardPart> Make);

/// <summary>The parts of which rewards are made. Characters are UTF-16 code units.</summary>
internal static class RewardParts
{
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    public static IReadOnlyList<PartKind> All { get; } =
    [
        Compared("exact", static (completion, answer) => completion.Length + answer.Length,
            static (completion, answer) => completion == answer ? 1 : 0),
        Compared("similarity", static (completion, answer) => (long)completion.Length * answer.Length, TextSimilarity.Of),
        Compared("prefix", static (_, answer) => answer.Length, TextSimilarity.PrefixOf),
        new("number", null, static _ => new RewardPart(
            static (completion, answer) => completion.Length + answer.Length,
            static (input, answer) => DecimalNumber.LastOf(input.Completion) is { } last && last == DecimalNumber.LastOf(answer) ? 1 : 0)
        {
            NeedsAnswer = true,
            NeedsNumber = true,
        }),
        new("contains", "a text", static text => new RewardPart(
            (completion, _) => (long)completion.Length * text.Length,
            (input, _) => input.Completion.Contains(text, StringComparison.Ordinal) ? 1 : 0)),
        new("matches", "a regular expression", Matching),
        new("share", "characters", static characters => new RewardPart(
            (completion, _) => (long)completion.Length * characters.Length,
            (input, _) => ShareOf(characters, input.Completion))),
        new("characters", null, static _ => Measured(static input => input.Completion.Length)),
        new("length", null, static _ => Measured(static input => input.Tokens)),
        new("ended", null, static _ => Measured(static input => input.HasEnded ? 1 : 0)),
    ];

    private static PartKind Compared(string name, Func<string, string, long> steps, Func<string, string, double> value) =>
        new(name, null, _ => new RewardPart(steps, (input, answer) => value(input.Completion, answer)) { NeedsAnswer = true });

    private static RewardPart Measured(Func<RewardInput, double> value) => new(static (_, _) => 1, (input, _) => value(input));

    private static RewardPart Matching(string pattern)
    {
        try
        {
            var regex = new Regex(pattern, Linear);
            return new RewardPart(
                (completion, _) => (long)completion.Length * pattern.Length, (input, _) => regex.IsMatch(input.Completion) ? 1 : 0);
        }
        catch (RegexParseException error)
        {
            throw new ArgumentException($"is invalid at its character {error.Offset + 1}", error);
        }
        catch (NotSupportedException error)
        {
            throw new ArgumentException(
                "refers back, looks around or repeats too often to be matched in steps that grow with the text alone", error);
        }
    }

    private static double ShareOf(string characters, string text)
    {
        var count = 0;
        foreach (var character in text)
            count += characters.Contains(character, StringComparison.Ordinal) ? 1 : 0;
        return text.Length == 0 ? 0 : (double)count / text.Length;
    }
}
