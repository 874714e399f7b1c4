using ActorTrain.Actors.Security;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.Hosting;

/// <summary>Logs what the actors of Akka.Remote say of other processes, such as of a message that cannot be read, so rarely that those do
/// not fill the log, however often they do it. Everything else is passed on.</summary>
/// <param name="inner">Not owned.</param>
internal sealed class RemotingLog(ILoggerFactory inner, TimeProvider time) : ILoggerFactory
{
    // In the source of each of their lines.
    private const string Actors = "/system/";

    private readonly LogThrottle throttle = new(time);

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public ILogger CreateLogger(string categoryName) => new Lines(this, inner.CreateLogger(categoryName));

    public void Dispose()
    {
    }

    // Kinds are the texts of the library, so there are not many.
    private bool IsRepeated(object? state)
    {
        if (state is not IEnumerable<KeyValuePair<string, object?>> properties)
            return false;
        var (isRemoting, kind) = (false, (string?)null);
        foreach (var (name, value) in properties)
        {
            isRemoting |= value is string source && name == "LogSource" && source.Contains(Actors, StringComparison.Ordinal);
            if (name == "{OriginalFormat}")
                kind = value as string;
        }

        return isRemoting && kind is not null && !throttle.Logs(kind, out _);
    }

    private sealed class Lines(RemotingLog log, ILogger inner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel) || log.IsRepeated(state))
                return;
            inner.Log(logLevel, eventId, state, exception, formatter);
        }
    }
}
