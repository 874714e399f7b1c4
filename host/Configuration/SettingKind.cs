using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace ActorTrain.Host.Configuration;

/// <summary>What values a setting takes: how they are read, checked and described.</summary>
public abstract record SettingKind
{
    /// <summary>What a value must be, to follow "it must be".</summary>
    public abstract string Expectation { get; }

    /// <summary>The same to somebody who gave a value that is refused, with the bound that it passed.</summary>
    public virtual string ExpectationOf(string text) => Expectation;

    /// <summary>The words a value is chosen from; empty where it is not.</summary>
    public virtual IReadOnlyList<string> Words => [];

    /// <summary>Reads a value as written in YAML or after <c>--set key=</c>.</summary>
    public abstract bool TryRead(string text, [NotNullWhen(true)] out object? value);
}

/// <summary>A whole number within bounds, both included.</summary>
public sealed record Whole(long Least, long Most = int.MaxValue) : SettingKind
{
    /// <inheritdoc/>
    public override string Expectation => Most == int.MaxValue || Most == long.MaxValue
        ? string.Create(CultureInfo.InvariantCulture, $"a whole number of at least {Least}")
        : Range;

    private string Range => string.Create(CultureInfo.InvariantCulture, $"a whole number from {Least} to {Most}");

    /// <inheritdoc/>
    public override string ExpectationOf(string text) =>
        BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number > Most ? Range : Expectation;

    /// <inheritdoc/>
    public override bool TryRead(string text, [NotNullWhen(true)] out object? value)
    {
        var good = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= Least && number <= Most;
        value = good ? number : null;
        return good;
    }
}

/// <summary>A whole number of at least some size, or a word that stands for another number.</summary>
public sealed record WholeOr(long Least, long Value, string Word) : SettingKind
{
    private readonly Whole number = new(Least);

    /// <inheritdoc/>
    public override string Expectation => $"{Word} or {number.Expectation}";

    /// <inheritdoc/>
    public override string ExpectationOf(string text) => $"{Word} or {number.ExpectationOf(text)}";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Words => [Word];

    /// <inheritdoc/>
    public override bool TryRead(string text, [NotNullWhen(true)] out object? value)
    {
        if (text != Word)
            return number.TryRead(text, out value);
        value = Value;
        return true;
    }
}

/// <summary>A finite number within bounds; the upper one, and unless <paramref name="Above"/> the lower one, included.</summary>
public sealed record Number(double Least, double Most = double.MaxValue, bool Above = false, bool Below = false) : SettingKind
{
    /// <inheritdoc/>
    public override string Expectation
    {
        get
        {
            var lower = string.Create(CultureInfo.InvariantCulture, $"{(Above ? "above" : "of at least")} {Least}");
            return Most == double.MaxValue ? $"a number {lower}" : string.Create(CultureInfo.InvariantCulture, $"a number {lower} and {(Below ? "below" : "at most")} {Most}");
        }
    }

    /// <inheritdoc/>
    public override string ExpectationOf(string text) =>
        Most == double.MaxValue && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsPositiveInfinity(number)
            ? string.Create(CultureInfo.InvariantCulture, $"{Expectation} and at most {Most:G2}")
            : Expectation;

    /// <inheritdoc/>
    public override bool TryRead(string text, [NotNullWhen(true)] out object? value)
    {
        var good = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            && (Above ? number > Least : number >= Least) && (Below ? number < Most : number <= Most);
        value = good ? number : null;
        return good;
    }
}

/// <summary>Yes or no.</summary>
public sealed record Flag : SettingKind
{
    /// <inheritdoc/>
    public override string Expectation => "true or false";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Words => ["true", "false"];

    /// <inheritdoc/>
    public override bool TryRead(string text, [NotNullWhen(true)] out object? value)
    {
        value = text switch { "true" => true, "false" => false, _ => null };
        return value is not null;
    }
}

/// <summary>One of a few words, each standing for a value.</summary>
public sealed record Choice(params (string Word, object Value)[] Options) : SettingKind
{
    /// <inheritdoc/>
    public override string Expectation => Words.Count < 3 ? string.Join(" or ", Words) : $"{string.Join(", ", Words.SkipLast(1))} or {Words[^1]}";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Words { get; } = [.. Options.Select(static option => option.Word)];

    /// <summary>The word that stands for a value.</summary>
    public string WordOf(object value) => Options.First(option => option.Value.Equals(value)).Word;

    /// <inheritdoc/>
    public override bool TryRead(string text, [NotNullWhen(true)] out object? value)
    {
        value = Options.FirstOrDefault(option => option.Word == text).Value;
        return value is not null;
    }
}

/// <summary>Text that passes a test.</summary>
public sealed record Text(string Description, Func<string, bool> Accepts, params string[] Examples) : SettingKind
{
    /// <inheritdoc/>
    public override string Expectation => Description;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Words => Examples;

    /// <inheritdoc/>
    public override bool TryRead(string text, [NotNullWhen(true)] out object? value)
    {
        ArgumentNullException.ThrowIfNull(text);
        value = Accepts(text) ? text : null;
        return value is not null;
    }
}
