using Microsoft.Extensions.Logging;

namespace ActorTrain.Host.Nodes;

/// <summary>Writes errors of a node's actors to its error stream, a line each, then the exception. Connections that end are none: the node
/// says what that means for it.</summary>
internal sealed class ErrorLog(TextWriter output) : ILoggerFactory
{
    public void AddProvider(ILoggerProvider provider)
    {
    }

    public ILogger CreateLogger(string categoryName) => new Lines(output);

    public void Dispose()
    {
    }

    private sealed class Lines(TextWriter output) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is LogLevel.Error or LogLevel.Critical;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel) && exception?.GetType().Namespace?.StartsWith("Akka.Remote", StringComparison.Ordinal) != true)
                output.WriteLine($"{logLevel}: {formatter(state, exception)}{(exception is null ? "" : $"\n{exception}")}");
        }
    }
}
