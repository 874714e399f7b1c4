using Microsoft.Extensions.Logging;

namespace ActorTrain.Host.Progress;

/// <summary>Tells the user what is logged as a warning, or as worse.</summary>
internal sealed class WarningsLog(ITrainingProgress progress) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            progress.Warning(formatter(state, exception));
    }
}
