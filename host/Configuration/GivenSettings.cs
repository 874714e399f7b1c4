using ActorTrain.Models;

namespace ActorTrain.Host.Configuration;

/// <summary>The settings that someone gave, each with where it was given; later ones replace earlier ones.</summary>
internal sealed class GivenSettings(string fallbackOrigin)
{
    private readonly Dictionary<string, (object? Value, string Origin)> given = new(StringComparer.Ordinal);

    /// <summary>The value of a key that was given, of its property's type.</summary>
    public object? this[string key] => given[key].Value;

    /// <summary>Takes a value in, or refuses it with a sentence that begins with its origin.</summary>
    /// <param name="origin">Where it stands: <c>file:line</c> or the option.</param>
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

    /// <summary>The refusal of a key that does not exist, with the nearest one that does.</summary>
    public static UserErrorException Unknown(string key, string origin)
    {
        var dot = key.IndexOf('.', StringComparison.Ordinal);
        var bare = dot < 0 ? key : key[(dot + 1)..];

        // The right key in the wrong section is nearer to what was meant than any spelling.
        var nearest = Settings.All.FirstOrDefault(setting => setting.Key.EndsWith("." + bare, StringComparison.Ordinal))?.Key
            ?? NearestName.Of(key, Settings.ByKey.Keys);
        var hint = nearest is null ? "; 'actortrain help config' lists all keys." : $"; did you mean '{nearest}'?";
        return new UserErrorException($"{origin}: there is no key '{key}'{hint}");
    }

    /// <summary>Whether a key was given.</summary>
    public bool Has(string key) => given.ContainsKey(key);

    /// <summary>Where the first of some keys that was given was; the run file as a whole where none was.</summary>
    public string OriginOf(params string[] keys) => keys.FirstOrDefault(Has) is { } known ? given[known].Origin : fallbackOrigin;
}
