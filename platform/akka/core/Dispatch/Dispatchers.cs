using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Configuration;
using Akka.Util;

namespace Akka.Dispatch;

/// <summary>Finds dispatchers by the paths of their settings.</summary>
public sealed class Dispatchers
{
    /// <summary>The path of the default dispatcher's settings.</summary>
    public static readonly string DefaultDispatcherId = "akka.actor.default-dispatcher";

    /// <summary>The path of the settings of the dispatcher that the system's own actors run on.</summary>
    public static readonly string InternalDispatcherId = "akka.actor.internal-dispatcher";

    private readonly ActorSystemImpl system;
    private readonly IDispatcherPrerequisites prerequisites;
    private readonly ConcurrentDictionary<string, MessageDispatcherConfigurator> configurators = new(StringComparer.Ordinal);
    private MessageDispatcher defaultDispatcher;

    internal Dispatchers(ActorSystemImpl system, IDispatcherPrerequisites prerequisites)
    {
        this.system = system;
        this.prerequisites = prerequisites;
    }

    /// <summary>The default dispatcher.</summary>
    public MessageDispatcher DefaultGlobalDispatcher => defaultDispatcher ??= Lookup(DefaultDispatcherId);

    /// <summary>The settings of the default dispatcher.</summary>
    public Config DefaultDispatcherConfig => system.Settings.Config.GetConfig(DefaultDispatcherId);

    /// <summary>The dispatcher of a path.</summary>
    /// <exception cref="ConfigurationException">There is nothing at the path.</exception>
    public MessageDispatcher Lookup(string dispatcherName) => configurators.GetOrAdd(dispatcherName, Make).Dispatcher();

    /// <summary>Whether there is a dispatcher of a path.</summary>
    public bool HasDispatcher(string id) => configurators.ContainsKey(id) || system.Settings.Config.HasPath(id);

    /// <summary>Adds a dispatcher at a path that the configuration does not have; false where there is one.</summary>
    public bool RegisterConfigurator(string id, MessageDispatcherConfigurator configurator) => configurators.TryAdd(id, configurator);

    private MessageDispatcherConfigurator Make(string id)
    {
        var own = system.Settings.Config.GetConfig(id) ?? throw new ConfigurationException($"Dispatcher {id} not configured.");
        var config = ConfigurationFactory.ParseString($"id = \"{id}\"").WithFallback(own).WithFallback(DefaultDispatcherConfig);
        var type = own.GetString("type") ?? throw new ConfigurationException($"Dispatcher {id} has no `type`.");
        return type switch
        {
            "Dispatcher" or "TaskDispatcher" or "ThreadPoolDispatcher" or "ChannelDispatcher" => new PoolDispatcherConfigurator(config, prerequisites),
            "PinnedDispatcher" => new PinnedDispatcherConfigurator(config, prerequisites),
            "ForkJoinDispatcher" => new ForkJoinDispatcherConfigurator(config, prerequisites),
            _ => (MessageDispatcherConfigurator)Activator.CreateInstance(TypeResolver.Require(type, id + ".type"), config, prerequisites),
        };
    }
}

/// <summary>Runs each actor on a thread of its own.</summary>
internal sealed class PinnedDispatcherConfigurator(Config config, IDispatcherPrerequisites prerequisites) : MessageDispatcherConfigurator(config, prerequisites)
{
    public override MessageDispatcher Dispatcher() => new ThreadsDispatcher(this, 1, background: true, named: null);
}

/// <summary>Runs actors on a few threads of its own.</summary>
internal sealed class ForkJoinDispatcherConfigurator : MessageDispatcherConfigurator
{
    private readonly ThreadsDispatcher dispatcher;

    public ForkJoinDispatcherConfigurator(Config config, IDispatcherPrerequisites prerequisites) : base(config, prerequisites)
        => dispatcher = new ThreadsDispatcher(this, Math.Max(config.GetInt("dedicated-thread-pool.thread-count", Environment.ProcessorCount), 1),
            config.GetString("dedicated-thread-pool.threadtype", "background") != "foreground", config.GetString("id"));

    public override MessageDispatcher Dispatcher() => dispatcher;
}

/// <summary>A number of threads of its own, which end with the last actor and start again with the next.</summary>
internal sealed class ThreadsDispatcher(MessageDispatcherConfigurator configurator, int count, bool background, string named) : MessageDispatcher(configurator)
{
    private readonly Lock gate = new();
    private BlockingCollection<IRunnable> work;
    private string firstActor;

    public override void Attach(ActorCell cell)
    {
        firstActor ??= cell.Self.Path.ToStringWithoutAddress();
        base.Attach(cell);
    }

    protected override void ExecuteTask(IRunnable run)
    {
        lock (gate)
        {
            if (work is null)
                Start();
            work.Add(run);
        }
    }

    protected override void Shutdown()
    {
        lock (gate)
        {
            // What came until now still runs.
            work?.CompleteAdding();
            work = null;
        }
    }

    private void Start()
    {
        work = new BlockingCollection<IRunnable>();
        for (var i = 0; i < count; i++)
        {
            var queue = work;
            new Thread(() =>
            {
                foreach (var run in queue.GetConsumingEnumerable())
                    run.Run();
            })
            {
                IsBackground = background,
                Name = named is null ? firstActor : $"{named}-{i + 1}",
            }.Start();
        }
    }
}
