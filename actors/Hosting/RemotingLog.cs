using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.Hosting;

/// <summary>Logs what the actors of Akka.Remote say of other processes, such as of a message that cannot be read, once and then at most
/// once for each <see cref="Pause"/>: however often those do it, they do not fill the log. Everything else is passed on.</summary>
/// <param name="inner">Not owned.</param>
internal sealed class RemotingLog(ILoggerFactory inner, TimeProvider time) : ILoggerFactory
{
    public static readonly TimeSpan Pause = TimeSpan.FromMinutes(10);

    // In the source of each of their lines.
    private const string Actors = "/system/";

    private readonly Lock gate = new();
    private readonly Dictionary<string, long> logged = [];

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

        if (!isRemoting || kind is null)
            return false;
        lock (gate)
        {
            if (logged.TryGetValue(kind, out var at) && time.GetElapsedTime(at) < Pause)
                return true;
            logged[kind] = time.GetTimestamp();
            return false;
        }
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
