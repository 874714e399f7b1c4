using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace ActorTrain.Host.Configuration;

/// <summary>The values of a setting: how they are parsed, checked and described.</summary>
public abstract record SettingKind
{
    /// <summary>What a value must be, to follow "it must be".</summary>
    public abstract string Expectation { get; }

    /// <summary>The same for a rejected value, with the bound that it exceeds.</summary>
    public virtual string ExpectationOf(string text) => Expectation;

    /// <summary>The words to choose from; empty if it is not a choice.</summary>
    public virtual IReadOnlyList<string> Words => [];

    /// <summary>Reads a value as written in YAML or after <c>--set key=</c>.</summary>
    public abstract bool TryRead(string text, [NotNullWhen(true)] out object? value);
}

/// <summary>A whole number; both bounds inclusive.</summary>
public sealed record Whole(long Least, long Most = int.MaxValue) : SettingKind
{
    public override string Expectation => Most == int.MaxValue || Most == long.MaxValue
        ? $"a whole number of at least {Least}"
        : Range;

    private string Range => $"a whole number from {Least} to {Most}";

    public override string ExpectationOf(string text) =>
        BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number > Most ? Range
            : Expectation;

    public override bool TryRead(string text, [NotNullWhen(true)] out object? value)
    {
        var good = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= Least
            && number <= Most;
        value = good ? number : null;
        return good;
    }
}

public sealed record OrWord(SettingKind Other, string Word) : SettingKind
{
    public override string Expectation => Other is Choice or Flag ? Choice.Listed(Words) : $"{Word} or {Other.Expectation}";

    public override string ExpectationOf(string text) => Other is Choice or Flag ? Expectation : $"{Word} or {Other.ExpectationOf(text)}";

    public override IReadOnlyList<string> Words => [Word, .. Other.Words];

    public override bool TryRead(string text, [NotNullWhen(true)] out object? value)
    {
        value = text;
        return text == Word || Other.TryRead(text, out value);
    }
}

/// <summary>A finite number; bounds are inclusive unless <paramref name="Above"/> or <paramref name="Below"/>.</summary>
public sealed record Number(
    double Least, double Most = double.MaxValue, bool Above = false, bool Below = false, bool OrZero = false) : SettingKind
{
    public override string Expectation
    {
        get
        {
            var lower = $"{(Above ? "above" : "of at least")} {Least}";
            var zero = OrZero ? "0 or " : "";
            return zero + (Most == double.MaxValue ? $"a number {lower}" : $"a number {lower} and {(Below ? "below" : "at most")} {Most}");
        }
    }

    public override string ExpectationOf(string text) =>
        Most == double.MaxValue && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && double.IsPositiveInfinity(number)
            ? $"{Expectation} and at most {Most:G2}"
            : Expectation;

    public override bool TryRead(string text, [NotNullWhen(true)] out object? value)
    {
        var good = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            && ((OrZero && number == 0) || ((Above ? number > Least : number >= Least) && (Below ? number < Most : number <= Most)));
        value = good ? number : null;
        return good;
    }
}

public sealed record Flag : SettingKind
{
    public override string Expectation => "true or false";

    public override IReadOnlyList<string> Words => ["true", "false"];

    public override bool TryRead(string text, [NotNullWhen(true)] out object? value)
    {
        value = text switch { "true" => true, "false" => false, _ => null };
        return value is not null;
    }
}

/// <summary>One of a few words, each standing for a value.</summary>
public sealed record Choice(params (string Word, object Value)[] Options) : SettingKind
{
    public override string Expectation => Listed(Words);

    public override IReadOnlyList<string> Words { get; } = [.. Options.Select(static option => option.Word)];

    internal static string Listed(IReadOnlyList<string> words) =>
        words.Count < 3 ? string.Join(" or ", words) : $"{string.Join(", ", words.SkipLast(1))} or {words[^1]}";

    public string WordOf(object value) => Options.First(option => option.Value.Equals(value)).Word;

    public override bool TryRead(string text, [NotNullWhen(true)] out object? value)
    {
        value = Options.FirstOrDefault(option => option.Word == text).Value;
        return value is not null;
    }
}

/// <summary>Text that can be parsed.</summary>
/// <param name="Read">The parsed value; null if invalid.</param>
public sealed record Text(string Description, Func<string, object?> Read, params string[] Examples) : SettingKind
{
    public override string Expectation => Description;

    public override IReadOnlyList<string> Words => Examples;

    public override bool TryRead(string text, [NotNullWhen(true)] out object? value)
    {
        value = Read(text);
        return value is not null;
    }
}
