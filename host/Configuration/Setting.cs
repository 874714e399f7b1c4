using System.Reflection;
using System.Text.RegularExpressions;
using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Host.Configuration;

/// <summary>One key of a run file: a property of an options record.</summary>
public sealed partial class Setting
{
    private const string NoNames = "none";

    private readonly IReadOnlyList<PropertyInfo> properties;
    private readonly OptionAttribute option;

    internal Setting(IReadOnlyList<PropertyInfo> properties, OptionAttribute option, string key, string? mayChangeBecause, object? value)
    {
        (this.properties, this.option, Key, MayChangeBecause) = (properties, option, key, mayChangeBecause);
        IsRequired = Property.MustBeGiven();
        DefaultText = IsRequired || option.Derived is not null ? null : Write(value);
        Kind = KindOf(ValueType);
    }

    public string Key { get; }

    public SettingKind Kind { get; }

    /// <summary>Why a run may resume with another value; null if that would give other bits.</summary>
    public string? MayChangeBecause { get; }

    public bool IsRequired { get; }

    /// <summary>The default value, or in words how it is derived; null if the setting is required.</summary>
    public string? Default => option.Derived is { } words ? Named(words) : DefaultText;

    public string Help => Named(option.Help);

    /// <summary>Null if the help states it.</summary>
    public string? Unit => option.Unit;

    /// <summary>The keys that it sets, which must not be given together with it.</summary>
    public IReadOnlyList<string> Sets => [.. option.Sets.Select(name => Settings.NameOf(Beside(name)))];

    public string Section => Key[..Key.IndexOf('.', StringComparison.Ordinal)];

    public string Name => Key[(Section.Length + 1)..];

    /// <summary>Path of its property below <see cref="RunConfiguration"/>.</summary>
    internal string Path => string.Join('.', properties.Select(static property => property.Name));

    // Null also if the default is derived.
    private string? DefaultText { get; }

    private PropertyInfo Property => properties[^1];

    private Type ValueType => Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;

    public string ValueIn(RunConfiguration configuration) =>
        Property.PropertyType == typeof(string) ? Quote(TextIn(configuration)) : TextIn(configuration);

    /// <summary>Whether a configuration has the default, and so equals one made before this key existed.</summary>
    internal bool IsDefaultIn(RunConfiguration configuration) => DefaultText == TextIn(configuration);

    /// <summary>A value read by <see cref="Kind"/>, converted to the property's type.</summary>
    internal object? Convert(object value) => value switch
    {
        string word when word == option.Null => null,
        long number when ValueType == typeof(int) => checked((int)number),
        double number when Property.PropertyType == typeof(TimeSpan) => option.TimeOf(number),
        _ => value,
    };

    private static string Quote(string text) =>
        "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";

    private string TextIn(RunConfiguration configuration) =>
        Write(properties.Aggregate((object?)configuration, static (record, property) => property.GetValue(record)));

    private string Write(object? value) => value switch
    {
        null => option.Null!,
        bool flag => flag ? "true" : "false",
        Enum word => OptionAttribute.WordOf(word),
        EquatableArray<string> names => names.Count == 0 ? NoNames : string.Join(", ", names),
        double or TimeSpan => $"{option.NumberOf(value):R}".Replace("E-0", "e-", StringComparison.Ordinal).Replace('E', 'e'),
        _ => $"{value}",
    };

    private SettingKind KindOf(Type type)
    {
        var kind = type == typeof(bool) ? new Flag()
            : type == typeof(int) ? new Whole((long)option.Min, (long)Math.Min(option.Max, int.MaxValue))
            : type == typeof(long) || type == typeof(ulong)
                ? new Whole((long)option.Min, option.Max < long.MaxValue ? (long)option.Max : long.MaxValue)
            : type == typeof(double) || type == typeof(TimeSpan) ? Number()
            : type.IsEnum ? new Choice(
                [.. Enum.GetValues(type).Cast<Enum>().Select(static value => (OptionAttribute.WordOf(value), (object)value))])
            : option.Choices is { } choices ? Names((IReadOnlyList<string>)Property.DeclaringType!.GetProperty(choices)!.GetValue(null)!)
            : type == typeof(string) ? new Text(option.Expectation, Matching, option.Words)
            : (SettingKind)typeof(Setting).GetMethod(nameof(Readable), BindingFlags.NonPublic | BindingFlags.Static)!
                .MakeGenericMethod(type).Invoke(null, null)!;
        return option.Null is { } word ? new OrWord(kind, word) : kind;
    }

    private Number Number() => new(
        double.IsNaN(option.Above) ? option.Min : option.Above, double.IsNaN(option.Below) ? option.Max : option.Below,
        Above: !double.IsNaN(option.Above), Below: !double.IsNaN(option.Below), OrZero: option.OrZero);

    private string? Matching(string text) => option.Pattern.Length == 0 || Regex.IsMatch(text, $@"\A({option.Pattern})\z") ? text : null;

    private static Text Readable<T>()
        where T : class, IOptionText<T> => new(T.Expectation, T.Read);

    private static Text Names(IReadOnlyList<string> known) => new(
        $"{NoNames}, or a comma-separated list of {string.Join(", ", known)}",
        text =>
        {
            const StringSplitOptions Clean = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
            EquatableArray<string> names = text == NoNames ? [] : [.. text.Split(',', Clean)];
            var isEach = names.All(known.Contains) && names.Distinct().Count() == names.Count;
            return isEach && (text == NoNames || names.Count > 0) ? names : null;
        });

    private string Beside(string name) => string.Join('.', [.. properties.SkipLast(1).Select(static property => property.Name), name]);

    private string Named(string words) => Reference().Replace(words, match => Settings.NameOf(Beside(match.Groups[1].Value)));

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Reference();
}
