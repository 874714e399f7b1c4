using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Host.Configuration;

/// <summary>Makes a configuration from given settings, the records' defaults, and derived values.</summary>
internal static class ConfigurationBinder
{
    /// <exception cref="UserErrorException">A setting is missing, or settings conflict.</exception>
    public static RunConfiguration Bind(GivenSettings given)
    {
        foreach (var setting in Settings.All)
        {
            if (setting is { IsRequired: true } && !given.Has(setting.Key))
                throw new UserErrorException($"{given.OriginOf()}: {setting.Key} is missing; set it: {setting.Help}.");
            if (given.Has(setting.Key) && setting.Sets.FirstOrDefault(given.Has) is { } set)
            {
                throw new UserErrorException(
                    $"{given.OriginOf(setting.Key)}: {setting.Key} also sets {set}, "
                    + $"which is given too ({given.OriginOf(set)}); keep one of them.");
            }
        }

        var configuration = (RunConfiguration)Bind(new RunConfiguration(), "", given);
        if (configuration.Problems().FirstOrDefault() is { } problem)
        {
            var origin = given.OriginOf([.. problem.Properties.Select(Settings.NameOf)]);
            throw new UserErrorException($"{origin}: {problem.In(Settings.NameOf)}");
        }

        return configuration;
    }

    private static IOptions Bind(IOptions defaults, string path, GivenSettings given)
    {
        // Like `with`: records are immutable, and defaults may be shared. A struct is a copy already.
        var made = defaults.GetType().IsValueType ? defaults : (IOptions)defaults.GetType().GetMethod("<Clone>$")!.Invoke(defaults, null)!;
        foreach (var property in OptionValidation.Properties(defaults.GetType()))
        {
            var at = path + property.Name;
            if (property.HoldsOptions())
                property.SetValue(made, Bind((IOptions)property.GetValue(defaults)!, at + ".", given));
            else if (Settings.ByPath.TryGetValue(at, out var setting) && given.Has(setting.Key))
                property.SetValue(made, given[setting.Key]);
        }

        return made.Derive(name => Settings.ByPath.TryGetValue(path + name, out var setting) && given.Has(setting.Key));
    }
}
