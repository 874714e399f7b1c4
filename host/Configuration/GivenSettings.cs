using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Host.Configuration;

/// <summary>The given settings, with their origins; later ones replace earlier ones.</summary>
internal sealed class GivenSettings(string fallbackOrigin)
{
    private readonly Dictionary<string, (object? Value, string Origin)> given = new(StringComparer.Ordinal);

    /// <summary>The given value of a key, of its property's type.</summary>
    public object? this[string key] => given[key].Value;

    /// <param name="origin"><c>file:line</c> or the option; begins the message of an error.</param>
    public void Add(string key, string text, string origin)
    {
        if (!Settings.ByKey.TryGetValue(key, out var setting))
            throw Unknown(key, origin);
        if (!setting.Kind.TryRead(text, out var value))
        {
            var hint = NearestName.Hint(text, setting.Kind.Words);
            throw new UserErrorException($"{origin}: {key} is '{text}', but it must be {setting.Kind.ExpectationOf(text)}{hint}");
        }

        given[key] = (setting.Convert(value), origin);
    }

    /// <summary>The error for an unknown key, with the nearest known one.</summary>
    public static UserErrorException Unknown(string key, string origin)
    {
        var dot = key.IndexOf('.', StringComparison.Ordinal);
        var bare = dot < 0 ? key : key[(dot + 1)..];

        // The right key in the wrong section is a better suggestion than a similar spelling. Where the section is right, it must not
        // make its keys look similar.
        var section = key[..(dot + 1)];
        var beside = section.Length == 0 ? []
            : Settings.ByKey.Keys.Where(known => known.StartsWith(section, StringComparison.Ordinal)).ToList();
        var nearest = Settings.All.FirstOrDefault(setting => setting.Key.EndsWith("." + bare, StringComparison.Ordinal))?.Key
            ?? (beside.Count == 0 ? NearestName.Of(key, Settings.ByKey.Keys)
                : NearestName.Of(bare, beside.Select(known => known[section.Length..])) is { } name ? section + name : null);
        var hint = nearest is null ? "; 'actortrain help config' lists all keys." : $"; did you mean '{nearest}'?";
        return new UserErrorException($"{origin}: there is no key '{key}'{hint}");
    }

    public bool Has(string key) => given.ContainsKey(key);

    /// <summary>Origin of the first of these keys that was given; the run file as a whole if none was.</summary>
    public string OriginOf(params string[] keys) => keys.FirstOrDefault(Has) is { } known ? given[known].Origin : fallbackOrigin;
}
