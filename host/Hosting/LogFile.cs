using System.Globalization;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Host.Hosting;

/// <summary>A log file of bounded size: when it is full, it becomes <c>NAME.1</c>, in place of the one before, and a new one is begun.</summary>
/// <remarks>A log that cannot be written is given up: training does not end for it. One thread at a time.</remarks>
internal sealed class LogFile : ILogger, IDisposable
{
    private readonly string path;
    private readonly long most;
    private readonly TimeProvider time;
    private StreamWriter? writer;
    private long length;

    /// <summary>Opens the file and goes on at its end.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">Bytes after which a new one is begun.</param>
    /// <param name="time">The clock.</param>
    public LogFile(string path, long most, TimeProvider time)
    {
        this.path = path;
        this.most = most;
        this.time = time;
        Try(Open);
    }

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        var text = string.Create(
            CultureInfo.InvariantCulture, $"{time.GetUtcNow().UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {logLevel,-11} {formatter(state, exception)}{(exception is null ? "" : "\n" + exception)}");
        Try(() => Write(text));
    }

    /// <inheritdoc/>
    public void Dispose() => Try(() => writer?.Dispose());

    private void Open()
    {
        writer = new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete)) { NewLine = "\n", AutoFlush = true };
        length = writer.BaseStream.Length;
    }

    private void Write(string text)
    {
        if (writer is null)
            return;
        if (length >= most)
        {
            writer.Dispose();
            writer = null;
            File.Move(path, path + ".1", overwrite: true);
            Open();
        }

        // Lines that follow the first are indented, so that every event begins a line.
        writer!.WriteLine(text.ReplaceLineEndings("\n    "));
        length = writer.BaseStream.Length;
    }

    private void Try(Action act)
    {
        try
        {
            act();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            writer = null;
        }
    }
}
