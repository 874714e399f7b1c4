using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Host.Hosting;

/// <summary>A log file of bounded size: when it is full, it becomes <c>NAME.1</c>, in place of the one before, and a new one is begun.</summary>
/// <remarks>What cannot be written is lost, and the next event tried anew: training does not end for its log, and a disk that was full for a while does not end
/// the log. One thread at a time.</remarks>
internal sealed class LogFile : ILogger, IDisposable
{
    private readonly string path;
    private readonly long most;
    private readonly TimeProvider time;
    private FileStream? file;
    private bool isOver;

    /// <summary>Opens the file and goes on at its end.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">Bytes after which a new one is begun.</param>
    /// <param name="time">The clock.</param>
    public LogFile(string path, long most, TimeProvider time)
    {
        this.path = path;
        this.most = most;
        this.time = time;
        Try(() => Open());
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
    public void Dispose()
    {
        isOver = true;
        Close();
    }

    // Without a buffer: what cannot be written now is not tried again at some later flush.
    private FileStream Open() => file ??= new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    private void Write(string text)
    {
        if (Open().Length >= most)
        {
            Close();
            File.Move(path, path + ".1", overwrite: true);
        }

        // Lines that follow the first are indented, so that every event begins a line.
        Open().Write(Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n    ") + "\n"));
    }

    private void Close()
    {
        file?.Dispose();
        file = null;
    }

    private void Try(Action act)
    {
        if (isOver)
            return;
        try
        {
            act();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            // The last is how a file comes out that may not grow as far as that (EFBIG).
            Close();
        }
    }
}
