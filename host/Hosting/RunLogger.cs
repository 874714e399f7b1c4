using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Host.Hosting;

/// <summary>The logger of an actor system that passes events on to an <see cref="ILogger"/>, here the log file of the run.</summary>
[SuppressMessage("Design", "CA1001", Justification = "An actor ends in PostStop, and closes its file there.")]
internal sealed class RunLogger : ReceiveActor, IRequiresMessageQueue<ILoggerMessageQueueSemantics>
{
    private const string Section = "actortrain.run-log";
    private const long MostBytes = 4 << 20;
    private readonly LogFile file;

    /// <summary>Made by the actor system, from its settings.</summary>
    public RunLogger()
    {
        var settings = Context.System.Settings.Config.GetConfig(Section);
        file = new LogFile(settings.GetString("path"), settings.GetLong("most-bytes"), TimeProvider.System);
        Receive<InitializeLogger>(_ => Sender.Tell(new LoggerInitialized()));
        Receive<LogEvent>(logged => Pass(logged, file));
    }

    /// <summary>The settings of an actor system that logs to a file and nowhere else.</summary>
    /// <param name="path">The file.</param>
    public static Config Settings(string path) => ConfigurationFactory.ParseString($$"""
        akka {
          loggers = ["{{typeof(RunLogger).FullName}}, {{typeof(RunLogger).Assembly.GetName().Name}}"]
          stdout-loglevel = "OFF"
          loglevel = "INFO"
        }
        {{Section}} {
          path = "{{Path.GetFullPath(path).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}}"
          most-bytes = {{MostBytes}}
        }
        """);

    /// <inheritdoc/>
    protected override void PostStop()
    {
        file.Dispose();
        base.PostStop();
    }

    /// <summary>Passes one event on.</summary>
    internal static void Pass(LogEvent logged, ILogger logger) => logger.Log(
        logged.LogLevel() switch
        {
            Akka.Event.LogLevel.DebugLevel => Microsoft.Extensions.Logging.LogLevel.Debug,
            Akka.Event.LogLevel.InfoLevel => Microsoft.Extensions.Logging.LogLevel.Information,
            Akka.Event.LogLevel.WarningLevel => Microsoft.Extensions.Logging.LogLevel.Warning,
            _ => Microsoft.Extensions.Logging.LogLevel.Error,
        },
        default,
        logged,
        logged.Cause,
        static (logged, _) => $"{logged.LogSource}: {logged.Message}");
}
