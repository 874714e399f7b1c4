using System.Reflection;
using System.Text.RegularExpressions;
using ActorTrain.Models.Options;

namespace ActorTrain.Host.Configuration;

/// <summary>The table of all keys, derived from the options records below <see cref="RunConfiguration"/>: a section for each of its
/// properties, a key for each property below that has an <see cref="OptionAttribute"/>.</summary>
public static partial class Settings
{
    /// <summary>Every key, in the order of a run file.</summary>
    public static IReadOnlyList<Setting> All { get; } =
        [.. Below(new RunConfiguration(), [], [], null).GroupBy(static setting => setting.Section).SelectMany(static section => section)];

    public static IReadOnlyDictionary<string, Setting> ByKey { get; } =
        All.ToDictionary(static setting => setting.Key, StringComparer.Ordinal);

    /// <summary>The keys by property path, such as <c>Spikes.Drift.Cap</c>.</summary>
    public static IReadOnlyDictionary<string, Setting> ByPath { get; } =
        All.ToDictionary(static setting => setting.Path, StringComparer.Ordinal);

    /// <summary>The keys of a complete run file; keys that only set others are excluded.</summary>
    public static IEnumerable<Setting> Written => All.Where(static setting => setting.Sets.Count == 0);

    public static IReadOnlyList<string> Sections { get; } = [.. All.Select(static setting => setting.Section).Distinct()];

    /// <summary>The key of a property, or its name if it has none.</summary>
    /// <param name="path">Its path below <see cref="RunConfiguration"/>.</param>
    public static string NameOf(string path) =>
        ByPath.TryGetValue(path, out var setting) ? setting.Key : path[(path.LastIndexOf('.') + 1)..];

    private static IEnumerable<Setting> Below(object defaults, PropertyInfo[] path, string[] keys, string? reason)
    {
        reason = defaults.GetType().GetCustomAttribute<OptionGroupAttribute>()?.MayChangeBecause ?? reason;
        foreach (var property in OptionValidation.Properties(defaults.GetType()))
        {
            PropertyInfo[] at = [.. path, property];
            if (property.GetCustomAttribute<OptionAttribute>() is { } option)
            {
                var key = option.Key?.Contains('.') == true ? option.Key : KeyOf([.. keys, option.Key ?? Snake(property.Name)]);
                yield return new Setting(at, option, key, option.MayChangeBecause ?? reason, property.GetValue(defaults));
            }
            else if (property.HoldsOptions())
            {
                var prefix = property.GetCustomAttribute<OptionGroupAttribute>()?.Key ?? Snake(property.Name);
                foreach (var setting in Below(property.GetValue(defaults)!, at, [.. keys, prefix], reason))
                    yield return setting;
            }
        }
    }

    private static string KeyOf(string[] keys) => $"{keys[0]}.{string.Join('_', keys[1..].Where(static key => key.Length > 0))}";

    /// <summary>A property's name in snake case.</summary>
    internal static string Snake(string name) => WordStart().Replace(name, "_$0").ToLowerInvariant();

    [GeneratedRegex("(?<=[a-z0-9])[A-Z]")]
    private static partial Regex WordStart();
}
