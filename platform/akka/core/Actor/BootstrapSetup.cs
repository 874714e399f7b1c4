using Akka.Configuration;
using Akka.Util;

namespace Akka.Actor;

/// <summary>The configuration that a system is made with.</summary>
public sealed class BootstrapSetup : Setup.Setup
{
    private BootstrapSetup(Option<Config> config) => Config = config;

    /// <summary>The configuration.</summary>
    public Option<Config> Config { get; }

    /// <summary>Without a configuration.</summary>
    public static BootstrapSetup Create() => new(Option<Config>.None);

    /// <summary>With a configuration.</summary>
    public BootstrapSetup WithConfig(Config config) => new(new Option<Config>(config));

    /// <summary>With a configuration over the one there is.</summary>
    public BootstrapSetup WithConfigFallback(Config config) => new(new Option<Config>(Config.HasValue ? Config.Value.SafeWithFallback(config) : config));
}
