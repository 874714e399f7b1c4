using System.Globalization;
using Akka.Configuration.Hocon;

namespace Akka.Configuration;

/// <summary>A configuration: a tree of named values, read by dotted paths.</summary>
public class Config
{
    /// <summary>A configuration without a value.</summary>
    public static readonly Config Empty = new(new HoconValue(new Dictionary<string, HoconValue>()));

    /// <summary>An empty configuration.</summary>
    public Config() : this(Empty.Root)
    {
    }

    /// <summary>A configuration over another.</summary>
    public Config(Config source, Config fallback) : this(HoconValue.Merge(source.Root, fallback?.Root))
    {
    }

    internal Config(HoconValue root) => Root = root;

    /// <summary>The outermost value.</summary>
    public HoconValue Root { get; }

    /// <summary>Whether nothing is in it.</summary>
    public virtual bool IsEmpty => Root is null || Root.IsEmpty;

    /// <summary>Whether a value stands at a path.</summary>
    public virtual bool HasPath(string path) => GetValue(path) is not null;

    /// <summary>The value at a path, or null.</summary>
    public virtual HoconValue GetValue(string path) => Root.At(HoconParser.SplitPath(path));

    /// <summary>A text.</summary>
    public virtual string GetString(string path, string @default = null) => GetValue(path)?.GetString() ?? @default;

    /// <summary>A whole number.</summary>
    public virtual int GetInt(string path, int @default = 0) => (int)Number(path, @default);

    /// <summary>A whole number.</summary>
    public virtual long GetLong(string path, long @default = 0) => (long)Number(path, @default);

    /// <summary>A number.</summary>
    public virtual double GetDouble(string path, double @default = 0) => (double)Number(path, (decimal)@default);

    /// <summary>A number.</summary>
    public virtual float GetFloat(string path, float @default = 0) => (float)Number(path, (decimal)@default);

    /// <summary>A number.</summary>
    public virtual decimal GetDecimal(string path, decimal @default = 0) => Number(path, @default);

    /// <summary>A truth value: on, off, true, false, yes, no.</summary>
    public virtual bool GetBoolean(string path, bool @default = false) => GetString(path) switch
    {
        null => @default,
        "on" or "true" or "yes" => true,
        "off" or "false" or "no" => false,
        var other => throw new ConfigurationException($"`{path}` is `{other}`; it must be on or off."),
    };

    /// <summary>A duration: a number with its unit, milliseconds where there is none, or `infinite`.</summary>
    public virtual TimeSpan GetTimeSpan(string path, TimeSpan? @default = null, bool allowInfinite = true)
    {
        var text = GetString(path);
        if (text is null)
            return @default ?? TimeSpan.Zero;
        return Units.TryDuration(text, allowInfinite, out var value)
            ? value
            : throw new ConfigurationException($"`{path}` is `{text}`; it must be a duration, as in 500ms or 5s.");
    }

    /// <summary>A size in bytes: a number with its unit, as in 128kB (1000) or 64KiB (1024); null where there is none.</summary>
    public virtual long? GetByteSize(string path)
    {
        var text = GetString(path);
        if (text is null)
            return null;
        return Units.TryBytes(text, out var value) ? value : throw new ConfigurationException($"`{path}` is `{text}`; it must be a size, as in 64KiB.");
    }

    /// <summary>A size in bytes, or another where there is none.</summary>
    public virtual long? GetByteSize(string path, long? def) => GetByteSize(path) ?? def;

    /// <summary>A list of texts; empty where there is none.</summary>
    public virtual IList<string> GetStringList(string path) => GetStringList(path, []);

    /// <summary>A list of texts, or others where there is none.</summary>
    public virtual IList<string> GetStringList(string path, string[] @default)
        => GetValue(path) is { } value ? value.IsString() ? throw new ConfigurationException($"`{path}` must be a list.") : value.GetStringList() : @default;

    /// <summary>A list of whole numbers.</summary>
    public virtual IList<int> GetIntList(string path)
        => [.. GetStringList(path).Select(text => int.Parse(text, CultureInfo.InvariantCulture))];

    /// <summary>A part of the configuration, or null.</summary>
    public virtual Config GetConfig(string path) => GetValue(path) is { } value ? new Config(value) : null;

    /// <summary>This configuration, and another's values where this has none.</summary>
    public virtual Config WithFallback(Config fallback)
    {
        if (ReferenceEquals(fallback, this))
            throw new ArgumentException("A configuration is no fallback of itself.", nameof(fallback));
        return fallback is null || fallback.IsEmpty ? this : IsEmpty ? fallback : new Config(HoconValue.Merge(Root, fallback.Root));
    }

    /// <summary>The outermost names with their values.</summary>
    public virtual IEnumerable<KeyValuePair<string, HoconValue>> AsEnumerable() => Root.Fields ?? [];

    /// <summary>The configuration as text.</summary>
    public override string ToString() => Root.ToString();

    /// <summary>The configuration as text.</summary>
    public string ToString(bool includeFallback) => Root.ToString();

    /// <summary>Reads a text.</summary>
    public static implicit operator Config(string str) => ConfigurationFactory.ParseString(str);

    private decimal Number(string path, decimal fallback)
    {
        var text = GetString(path);
        if (text is null)
            return fallback;
        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new ConfigurationException($"`{path}` is `{text}`; it must be a number.");
    }
}

/// <summary>Makes configurations.</summary>
public static class ConfigurationFactory
{
    private static readonly Lazy<Config> Reference = new(() =>
    {
        using var stream = typeof(ConfigurationFactory).Assembly.GetManifestResourceStream("reference.conf");
        using var reader = new StreamReader(stream);
        return ParseString(reader.ReadToEnd());
    });

    /// <summary>A configuration without a value.</summary>
    public static Config Empty => Config.Empty;

    /// <summary>Reads HOCON.</summary>
    /// <exception cref="ConfigurationException">The text is not HOCON.</exception>
    public static Config ParseString(string hocon) => new(HoconParser.Parse(hocon));

    /// <summary>The configuration of the process; there is no such file here, so it is empty.</summary>
    public static Config Load() => Empty;

    /// <summary>The defaults of every setting.</summary>
    public static Config Default() => Reference.Value;

    /// <summary>Reads HOCON that an assembly carries.</summary>
    public static Config FromResource<TAssembly>(string resource)
    {
        using var stream = typeof(TAssembly).Assembly.GetManifestResourceStream(resource)
            ?? throw new ConfigurationException($"`{typeof(TAssembly).Assembly.GetName().Name}` carries no `{resource}`.");
        using var reader = new StreamReader(stream);
        return ParseString(reader.ReadToEnd());
    }
}

/// <summary>What may be asked of a configuration that may be null.</summary>
public static class ConfigExtensions
{
    /// <summary>Whether there is no configuration or nothing in it.</summary>
    public static bool IsNullOrEmpty(this Config config) => config is null || config.IsEmpty;

    /// <summary>A configuration over another, where either may be null.</summary>
    public static Config SafeWithFallback(this Config config, Config fallback)
        => config is null || ReferenceEquals(config, fallback) ? fallback : config.WithFallback(fallback);
}
