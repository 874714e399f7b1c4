using Akka.Configuration;

namespace Akka.Actor;

/// <summary>The settings of an actor system.</summary>
public class Settings
{
    /// <summary>Of a system with a configuration over the defaults.</summary>
    public Settings(ActorSystem system, Config config)
    {
        System = system;
        Config = config.SafeWithFallback(ConfigurationFactory.Default());
        LogLevel = Config.GetString("akka.loglevel");
        StdoutLogLevel = Config.GetString("akka.stdout-loglevel");
        Loggers = Config.GetStringList("akka.loggers");
        LoggerStartTimeout = Config.GetTimeSpan("akka.logger-startup-timeout");
        LogConfigOnStart = Config.GetBoolean("akka.log-config-on-start");
        LogDeadLetters = Config.GetString("akka.log-dead-letters") switch
        {
            "on" or "true" => int.MaxValue,
            "off" or "false" => 0,
            _ => Config.GetInt("akka.log-dead-letters"),
        };
        LogDeadLettersDuringShutdown = Config.GetBoolean("akka.log-dead-letters-during-shutdown");
        LogDeadLettersSuspendDuration = Config.GetTimeSpan("akka.log-dead-letters-suspend-duration");
        SerializeAllMessages = Config.GetBoolean("akka.actor.serialize-messages");
        AskTimeout = Config.GetTimeSpan("akka.actor.ask-timeout", allowInfinite: true);
        SchedulerClass = Config.GetString("akka.scheduler.implementation");
        SchedulerShutdownTimeout = Config.GetTimeSpan("akka.scheduler.shutdown-timeout");
        SupervisorStrategyClass = Config.GetString("akka.actor.guardian-supervisor-strategy");
        CreationTimeout = Config.GetTimeSpan("akka.actor.creation-timeout");
        AddLoggingReceive = Config.GetBoolean("akka.actor.debug.receive");
        CoordinatedShutdownTerminateActorSystem = Config.GetBoolean("akka.coordinated-shutdown.terminate-actor-system");
        CoordinatedShutdownRunByActorSystemTerminate = Config.GetBoolean("akka.coordinated-shutdown.run-by-actor-system-terminate");
        if (CoordinatedShutdownRunByActorSystemTerminate && !CoordinatedShutdownTerminateActorSystem)
        {
            throw new ConfigurationException(
                "akka.coordinated-shutdown.run-by-actor-system-terminate=on and akka.coordinated-shutdown.terminate-actor-system=off is not a supported configuration combination.");
        }
        DebugAutoReceive = Config.GetBoolean("akka.actor.debug.autoreceive");
        DebugLifecycle = Config.GetBoolean("akka.actor.debug.lifecycle");
        DebugEventStream = Config.GetBoolean("akka.actor.debug.event-stream");
        DebugUnhandledMessage = Config.GetBoolean("akka.actor.debug.unhandled");
    }

    /// <summary>The system.</summary>
    public ActorSystem System { get; }

    /// <summary>Whether the coordinated shutdown ends the system.</summary>
    public bool CoordinatedShutdownTerminateActorSystem { get; }

    /// <summary>Whether ending the system runs the coordinated shutdown.</summary>
    public bool CoordinatedShutdownRunByActorSystemTerminate { get; }

    /// <summary>The whole configuration, defaults included.</summary>
    public Config Config { get; }

    /// <summary>The level of the loggers.</summary>
    public string LogLevel { get; }

    /// <summary>The level of standard output before the loggers are there.</summary>
    public string StdoutLogLevel { get; }

    /// <summary>The types of the loggers.</summary>
    public IList<string> Loggers { get; }

    /// <summary>How long a logger may take to start.</summary>
    public TimeSpan LoggerStartTimeout { get; }

    /// <summary>Whether the configuration is logged at start.</summary>
    public bool LogConfigOnStart { get; }

    /// <summary>How many dead letters are logged.</summary>
    public int LogDeadLetters { get; }

    /// <summary>Whether dead letters are logged while the system ends.</summary>
    public bool LogDeadLettersDuringShutdown { get; }

    /// <summary>For how long dead letters are not logged after there were too many.</summary>
    public TimeSpan LogDeadLettersSuspendDuration { get; }

    /// <summary>Whether every message is serialized and deserialized on its way.</summary>
    public bool SerializeAllMessages { get; }

    /// <summary>How long an Ask waits that does not say.</summary>
    public TimeSpan AskTimeout { get; }

    /// <summary>The type of the scheduler.</summary>
    public string SchedulerClass { get; }

    /// <summary>How long the scheduler may take to end.</summary>
    public TimeSpan SchedulerShutdownTimeout { get; }

    /// <summary>The type that makes the strategy of the guardian of `/user`.</summary>
    public string SupervisorStrategyClass { get; }

    /// <summary>How long the making of a top-level actor may take.</summary>
    public TimeSpan CreationTimeout { get; }

    /// <summary>Whether received messages are logged.</summary>
    public bool AddLoggingReceive { get; }

    /// <summary>Whether messages are logged that actors' cells handle.</summary>
    public bool DebugAutoReceive { get; }

    /// <summary>Whether starts, restarts and ends of actors are logged.</summary>
    public bool DebugLifecycle { get; }

    /// <summary>Whether subscriptions of the event stream are logged.</summary>
    public bool DebugEventStream { get; }

    /// <summary>Whether unhandled messages are logged.</summary>
    public bool DebugUnhandledMessage { get; }

    /// <summary>The configuration as text.</summary>
    public override string ToString() => Config.ToString();
}
