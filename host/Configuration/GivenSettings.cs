using ActorTrain.Models;

namespace ActorTrain.Host.Configuration;

/// <summary>The settings that someone gave, each with where it was given; later ones replace earlier ones.</summary>
internal sealed class GivenSettings(string fallbackOrigin)
{
    private readonly Dictionary<string, (object Value, string Origin)> given = new(StringComparer.Ordinal);

    /// <summary>Takes a value in, or refuses it with a sentence that begins with its origin.</summary>
    /// <param name="key">Dotted key.</param>
    /// <param name="text">The value as written.</param>
    /// <param name="origin">Where it stands: <c>file:line</c> or the option.</param>
    public void Add(string key, string text, string origin)
    {
        if (!Settings.ByKey.TryGetValue(key, out var setting))
            throw Unknown(key, origin);
        if (!setting.Kind.TryRead(text, out var value))
        {
            var hint = NearestName.Of(text, setting.Kind.Words) is { } word ? $"; did you mean '{word}'?" : ".";
            throw new UserErrorException($"{origin}: {key} is '{text}', but it must be {setting.Kind.ExpectationOf(text)}{hint}");
        }

        given[key] = (value, origin);
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

    /// <summary>Where a key was given; the run file as a whole where it was not.</summary>
    public string OriginOf(params string[] keys)
    {
        var known = keys.Where(given.ContainsKey).ToList();
        return known.Count > 0 ? given[known[0]].Origin : fallbackOrigin;
    }

    /// <summary>A value given, or the table's default.</summary>
    public T Get<T>(string key)
    {
        if (given.TryGetValue(key, out var found))
            return (T)Narrow<T>(found.Value);
        var setting = Settings.ByKey[key];
        if (setting.Default is not { } text)
            throw new UserErrorException($"{fallbackOrigin}: {key} is missing; give the {setting.Help}.");
        return setting.Kind.TryRead(text, out var value)
            ? (T)Narrow<T>(value)
            : throw new InvalidOperationException($"The default of {key} is worked out, not written.");
    }

    /// <summary>A value given, or one worked out from others.</summary>
    public T Get<T>(string key, T otherwise) => Has(key) ? Get<T>(key) : otherwise;

    private static object Narrow<T>(object value) => typeof(T) == typeof(int) ? checked((int)(long)value) : value;
}
