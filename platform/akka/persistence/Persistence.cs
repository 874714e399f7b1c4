using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.Util;

namespace Akka.Persistence;

/// <summary>Gives an actor system its persistence.</summary>
public class Persistence : ExtensionIdProvider<PersistenceExtension>
{
    private static readonly Lazy<Config> Defaults = new(static () =>
        ConfigurationFactory.FromResource<Persistence>("Akka.Persistence.persistence.conf"));

    /// <summary>The only one.</summary>
    public static Persistence Instance { get; } = new();

    /// <summary>The defaults of all keys below <c>akka.persistence</c>.</summary>
    public static Config DefaultConfig() => Defaults.Value;

    /// <inheritdoc/>
    public override PersistenceExtension CreateExtension(ExtendedActorSystem system) => new(system);
}

/// <summary>The journals and snapshot stores of an actor system, each started with its first use.</summary>
public class PersistenceExtension : IExtension
{
    private const string NoSnapshotStore = "akka.persistence.no-snapshot-store";
    private readonly ExtendedActorSystem system;
    private readonly Config root;
    private readonly Config config;
    private readonly ConcurrentDictionary<string, Plugin> plugins = new();
    private readonly Lazy<string> defaultJournal;
    private readonly Lazy<string> defaultSnapshotStore;
    private readonly Lazy<IStashOverflowStrategy> stashOverflow;
    private readonly Lazy<IActorRef> recoveryPermitter;

    /// <summary>Made by <see cref="Persistence"/>.</summary>
    public PersistenceExtension(ExtendedActorSystem system)
    {
        this.system = system;
        root = system.Settings.Config.WithFallback(Persistence.DefaultConfig());
        config = root.GetConfig("akka.persistence");
        defaultJournal = new Lazy<string>(() => config.GetString("journal.plugin") is { Length: > 0 } path
            ? path
            : throw new ConfigurationException("The key akka.persistence.journal.plugin must name a journal."));
        defaultSnapshotStore = new Lazy<string>(DefaultSnapshotStore);
        stashOverflow = new Lazy<IStashOverflowStrategy>(CreateStashOverflowStrategy);
        recoveryPermitter = new Lazy<IActorRef>(() => system.SystemActorOf(
            Props.Create<RecoveryPermitter>(config.GetInt("max-concurrent-recoveries")), "recoveryPermitter"));
        foreach (var journal in config.GetStringList("journal.auto-start-journals"))
            JournalFor(journal);
        foreach (var store in config.GetStringList("snapshot-store.auto-start-snapshot-stores"))
            SnapshotStoreFor(store);
    }

    /// <summary>What persistent actors do, unless they say otherwise, when commands exceed their stash.</summary>
    public IStashOverflowStrategy DefaultInternalStashOverflowStrategy => stashOverflow.Value;

    internal IActorRef RecoveryPermitter => recoveryPermitter.Value;

    /// <summary>The persistence id of an actor that has none: its path without the address.</summary>
    public string PersistenceId(IActorRef actor) => actor.Path.ToStringWithoutAddress();

    /// <summary>A journal.</summary>
    /// <param name="journalPluginId">The path of its configuration; empty or null: the default journal.</param>
    /// <exception cref="ArgumentException">There is no such configuration, or it names no class.</exception>
    public IActorRef JournalFor(string journalPluginId) => JournalPlugin(journalPluginId).Actor.Value;

    /// <summary>A snapshot store.</summary>
    /// <param name="snapshotPluginId">The path of its configuration; empty or null: the default store.</param>
    /// <exception cref="ArgumentException">There is no such configuration, or it names no class.</exception>
    public IActorRef SnapshotStoreFor(string snapshotPluginId) =>
        PluginFor(string.IsNullOrEmpty(snapshotPluginId) ? defaultSnapshotStore.Value : snapshotPluginId,
            "snapshot-store-plugin-fallback").Actor.Value;

    /// <summary>The configuration of a journal, with the fallback's values.</summary>
    internal Config JournalConfigFor(string journalPluginId) => JournalPlugin(journalPluginId).Config;

    /// <summary>The configuration of the plugin that an actor is; its name is the path.</summary>
    internal Config ConfigFor(IActorRef pluginActor) => plugins.TryGetValue(pluginActor.Path.Name, out var plugin)
        ? plugin.Config
        : throw new ArgumentException($"The actor {pluginActor} is no plugin of the persistence extension; plugins are started by it, from their configuration.", nameof(pluginActor));

    private Plugin JournalPlugin(string path) =>
        PluginFor(string.IsNullOrEmpty(path) ? defaultJournal.Value : path, "journal-plugin-fallback");

    private Plugin PluginFor(string path, string fallback) =>
        plugins.GetOrAdd(path, static (path, of) => of.Extension.CreatePlugin(path, of.fallback), (Extension: this, fallback));

    private Plugin CreatePlugin(string path, string fallback)
    {
        if (string.IsNullOrEmpty(path) || root.GetConfig(path) is not { } own)
            throw new ArgumentException($"Persistence config is missing plugin config path for: {path}", nameof(path));
        var pluginConfig = own.WithFallback(config.GetConfig(fallback));
        var className = pluginConfig.GetString("class");
        if (string.IsNullOrEmpty(className))
            throw new ArgumentException($"Plugin class name must be defined in config property [{path}.class]", nameof(path));
        var type = TypeResolver.Find(className)
            ?? throw new ArgumentException($"The class '{className}' of the persistence plugin {path} is not found.", nameof(path));
        object[] arguments = type.GetConstructor([typeof(Config)]) is null ? [] : [pluginConfig];
        var props = Props.Create(type, arguments).WithDispatcher(pluginConfig.GetString("plugin-dispatcher"));
        return new Plugin(pluginConfig, new Lazy<IActorRef>(() => system.SystemActorOf(props, path)));
    }

    private string DefaultSnapshotStore()
    {
        if (config.GetString("snapshot-store.plugin") is { Length: > 0 } path)
            return path;
        Logging.GetLogger(system, this).Warning(
            "No default snapshot store configured! To configure a default snapshot-store plugin set the `akka.persistence.snapshot-store.plugin` key.");
        return NoSnapshotStore;
    }

    private IStashOverflowStrategy CreateStashOverflowStrategy()
    {
        const string key = "internal-stash-overflow-strategy";
        var type = TypeResolver.Require(config.GetString(key), "akka.persistence." + key);
        return ((IStashOverflowStrategyConfigurator)Activator.CreateInstance(type)).Create(root);
    }

    private sealed record Plugin(Config Config, Lazy<IActorRef> Actor);
}
