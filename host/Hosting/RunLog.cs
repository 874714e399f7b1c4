using System.Globalization;
using System.Text;
using ActorTrain.Persistence.Runs;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Events;
using Serilog.Extensions.Logging;
using Serilog.Sinks.File;

namespace ActorTrain.Host.Hosting;

/// <summary>The log of a run: a line per event, with its named properties as JSON at the end, then its exception.</summary>
/// <remarks>Files of bounded size in the run's <c>logs/</c>; <c>run.log</c> links to the newest. On a disk error events are lost: training
/// does not end because of its log.</remarks>
internal static class RunLog
{
    private const long MostBytes = 4 << 20;
    private const int Files = 2;
    private const string Line = "{UtcTimestamp:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {Level,-11} {Message:lj} {Properties:j}{NewLine}{Exception}";

    /// <summary>Opens the log for appending, and logs the process.</summary>
    /// <param name="run">This process must hold its lock.</param>
    /// <param name="mostBytes">Bytes after which a new file is begun.</param>
    public static ILoggerFactory Open(RunDirectory run, long mostBytes = MostBytes)
    {
        var logger = new LoggerConfiguration()
            .MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .WriteTo.File(
                Path.Combine(run.LogsDirectory, "run.log"), outputTemplate: Line, formatProvider: CultureInfo.InvariantCulture,
                fileSizeLimitBytes: mostBytes, rollOnFileSizeLimit: true, retainedFileCountLimit: Files, hooks: new NewestLink(run.LogFile))
            .CreateLogger();
        logger.Information("Process {Process} trains {Run}", Environment.ProcessId, run.Name);
        return new LossyLoggers(new SerilogLoggerFactory(logger, dispose: true));
    }

    // The last events are written when the file is closed.
    private sealed class LossyLoggers(SerilogLoggerFactory loggers) : ILoggerFactory
    {
        public void AddProvider(ILoggerProvider provider) => loggers.AddProvider(provider);

        public Microsoft.Extensions.Logging.ILogger CreateLogger(string categoryName) => loggers.CreateLogger(categoryName);

        public void Dispose()
        {
            try
            {
                loggers.Dispose();
            }
            catch (IOException)
            {
                // As on any disk error, they are lost.
            }
        }
    }

    // Serilog never renames a file: the newest has the largest number.
    private sealed class NewestLink(string link) : FileLifecycleHooks
    {
        public override Stream OnFileOpened(string path, Stream underlyingStream, Encoding encoding)
        {
            try
            {
                var made = link + ".new";
                File.Delete(made);
                File.CreateSymbolicLink(made, Path.GetRelativePath(Path.GetDirectoryName(link)!, path));
                File.Move(made, link, overwrite: true);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // The events are in logs/ without the link too.
            }

            return underlyingStream;
        }
    }
}
