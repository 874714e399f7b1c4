using System.Globalization;
using System.Text;
using ActorTrain.Models.Options;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Data.Rewards;

/// <summary>A part of a formula.</summary>
/// <param name="Name">As written, without the weight.</param>
/// <param name="Weight">Negative behind a minus sign.</param>
/// <param name="Power">At least 1.</param>
internal sealed record RewardTerm(string Name, double Weight, RewardPart Part, int Power)
{
    public double ValueOf(RewardInput input, string answer)
    {
        var (value, power) = (Part.ValueOf(input, answer), 1.0);
        for (var i = 0; i < Power; i++)
            power *= value;
        return power;
    }
}

/// <summary>Reads the formula of a reward.</summary>
/// <remarks>
/// <code>
/// formula = ["+" | "-"] term {("+" | "-") term}
/// term    = [weight "*"] part ["^" power]
/// part    = name | name "(" '"' argument '"' ")"
/// </code>
/// A weight is a decimal number, a power a whole number; a quotation mark within an argument is written twice; spaces between these count
/// for nothing. A part of weight 0 is computed, and adds nothing.
/// </remarks>
internal sealed class RewardParser
{
    private const int MostPower = 16;
    private readonly string formula;
    private readonly List<RewardTerm> terms = [];
    private int at;

    private RewardParser(string formula) => this.formula = formula;

    private static IEnumerable<string> Names => RewardParts.All.Select(static kind => kind.Name);

    private char Next => at < formula.Length ? formula[at] : '\0';

    /// <summary>What is wrong with a formula, to follow its name; null if nothing is.</summary>
    public static string? ProblemOf(string formula) => ProblemOf(formula, out _);

    /// <param name="terms">The terms ahead of the problem.</param>
    public static string? ProblemOf(string formula, out IReadOnlyList<RewardTerm> terms)
    {
        var parser = new RewardParser(formula);
        terms = parser.terms;
        try
        {
            parser.Read();
            return null;
        }
        catch (FormatException problem)
        {
            return problem.Message;
        }
    }

    private void Read()
    {
        for (SkipSpaces(); terms.Count == 0 || at < formula.Length; SkipSpaces())
        {
            var isNegative = Next == '-';
            if (Next is '+' or '-')
                at++;
            else if (terms.Count > 0)
                throw Problem(at, $"'{Next}' where a term must begin", "write + or - there, or remove the rest");
            ReadTerm(isNegative);
        }
    }

    private void ReadTerm(bool isNegative)
    {
        SkipSpaces();
        var weight = ReadWeight();
        SkipSpaces();
        var start = at;
        var part = ReadPart();
        SkipSpaces();
        var power = Next == '^' ? ReadPower() : 1;
        var name = formula[start..at].Trim();
        if (terms.Any(term => term.Name == name))
            throw Problem(start, $"'{name}' twice", "add up its weights");
        terms.Add(new RewardTerm(name, isNegative ? -weight : weight, part, power));
    }

    private double ReadWeight()
    {
        var start = at;
        while (char.IsAsciiDigit(Next) || Next == '.')
            at++;
        if (at == start)
            return 1;
        if (Next is 'e' or 'E' && at + 1 < formula.Length && (char.IsAsciiDigit(formula[at + 1]) || formula[at + 1] is '-' or '+'))
        {
            at += 2;
            while (char.IsAsciiDigit(Next))
                at++;
        }

        var text = formula[start..at];
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var weight) || weight > RolloutScore.Largest)
            throw Problem(start, $"the weight '{text}'", $"write a number such as 0.5, at most {RolloutScore.Largest}");
        SkipSpaces();
        if (Next != '*')
            throw Problem(at, $"no * behind the weight {text}", $"write {text}*PART");
        at++;
        return weight;
    }

    private RewardPart ReadPart()
    {
        var start = at;
        while (char.IsAsciiLetter(Next))
            at++;
        var name = formula[start..at];
        if (name.Length == 0)
        {
            throw Problem(at, at < formula.Length ? $"'{Next}' where a part must be" : "no part",
                $"name one, such as {RewardParts.All[0].Name}");
        }

        var kind = RewardParts.All.FirstOrDefault(kind => kind.Name == name);
        if (kind is null)
        {
            throw new FormatException(
                $"has the unknown part '{name}' at character {start + 1}"
                + NearestName.Hint(name, Names, $"; the parts are {string.Join(", ", Names)}."));
        }

        SkipSpaces();
        if (kind.Argument is null)
            return Next == '(' ? throw Problem(at, $"brackets behind '{name}'", "remove them and what is in them") : kind.Make("");
        if (Next != '(')
            throw Problem(at, $"no brackets behind '{name}'", $"write {name}(\"…\") with {kind.Argument}");
        at++;
        return WithArgument(kind);
    }

    private RewardPart WithArgument(PartKind kind)
    {
        SkipSpaces();
        var start = at;
        var argument = ReadQuoted(kind);
        if (argument.Length == 0)
            throw Problem(start, $"an empty text for '{kind.Name}'", $"write {kind.Argument} between the quotation marks");
        SkipSpaces();
        if (Next != ')')
            throw Problem(at, $"no closing bracket of '{kind.Name}'", "write ) there");
        at++;
        try
        {
            return kind.Make(argument);
        }
        catch (ArgumentException error)
        {
            throw new FormatException(
                $"has {kind.Argument} for '{kind.Name}' at character {start + 1} that {error.Message}: write another.", error);
        }
    }

    private string ReadQuoted(PartKind kind)
    {
        var start = at;
        if (Next != '"')
            throw Problem(start, $"no quotation mark ahead of {kind.Argument} for '{kind.Name}'", $"write {kind.Name}(\"…\")");
        var text = new StringBuilder();
        for (at++; at < formula.Length; at++)
        {
            if (Next != '"')
                text.Append(Next);
            else if (at + 1 < formula.Length && formula[at + 1] == '"')
                text.Append(formula[at++]);
            else
            {
                at++;
                return text.ToString();
            }
        }

        throw Problem(start, $"a text for '{kind.Name}' without an end", "write a quotation mark behind it");
    }

    private int ReadPower()
    {
        at++;
        SkipSpaces();
        var start = at;
        while (char.IsAsciiDigit(Next))
            at++;
        return int.TryParse(formula[start..at], NumberStyles.None, CultureInfo.InvariantCulture, out var power)
            && power is >= 1 and <= MostPower
            ? power
            : throw Problem(start, $"the power '{formula[start..at]}'", $"write a whole number from 1 to {MostPower}");
    }

    private static FormatException Problem(int position, string found, string fix) =>
        new($"has {found} at character {position + 1}: {fix}.");

    private void SkipSpaces()
    {
        while (Next == ' ')
            at++;
    }
}
