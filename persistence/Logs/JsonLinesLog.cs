using ActorTrain.Models;
using ActorTrain.Models.Files;
using Microsoft.Win32.SafeHandles;

namespace ActorTrain.Persistence.Logs;

/// <summary>A file of JSON lines that is only ever appended to.</summary>
/// <remarks>A line goes to the system in one write, so a killed process loses none that was appended. A line that a kill left half written
/// is passed over by readers, and the next writer takes it off; it never was a row. One thread appends; another may flush
/// meanwhile.</remarks>
public sealed class JsonLinesLog<T> : IDisposable
    where T : class
{
    private const byte NewLine = (byte)'\n';
    private const int UsualLength = 1024;
    private readonly JsonLinesFormat<T> format;
    private readonly string path;
    private readonly SafeFileHandle handle;
    private long length;

    /// <summary>Opens the file, made when missing, to append to it.</summary>
    /// <param name="take">Given each row that is there, in order, and where it begins.</param>
    /// <param name="mayEnd">Whether what follows the rows so far need not be durable, so that a power cut may have torn it; null: it must
    /// be.</param>
    /// <param name="isFlushed">Whether a row was written only after all before it were durable.</param>
    /// <exception cref="UserErrorException">A line is no row, or the disk refused; the file is as it was.</exception>
    internal JsonLinesLog(
        JsonLinesFormat<T> format,
        string path,
        Action<JsonLine<T>>? take = null,
        Func<bool>? mayEnd = null,
        Func<T, bool>? isFlushed = null)
    {
        this.format = format;
        this.path = path;
        try
        {
            var isNew = !File.Exists(path);
            handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            try
            {
                Recover(take, mayEnd, isFlushed);
                if (isNew)
                    Disk.Sync(Path.GetDirectoryName(Path.GetFullPath(path))!);
            }
            catch
            {
                handle.Dispose();
                throw;
            }
        }
        catch (Exception exception) when (Disk.IsFailure(exception))
        {
            throw Disk.Explain(exception, $"Cannot open the {format.Name} {path}");
        }
    }

    /// <returns>Where it begins.</returns>
    /// <exception cref="UserErrorException">The disk refused; the file ends with the row before.</exception>
    public long Append(T row)
    {
        byte[] line = [.. format.Write(row), NewLine];
        try
        {
            Disk.Write(handle, line, length);
            length += line.Length;
            return length - line.Length;
        }
        catch (Exception exception) when (Disk.IsFailure(exception))
        {
            throw CutBack() ?? Disk.Explain(exception, $"Cannot write to the {format.Name} {path}");
        }
    }

    /// <summary>Makes all rows so far durable against a power cut.</summary>
    /// <exception cref="UserErrorException">The disk refused.</exception>
    public void Flush() => Disk.Attempt($"Cannot sync the {format.Name} {path} to disk", () => RandomAccess.FlushToDisk(handle));

    public void Dispose() => handle.Dispose();

    /// <summary>The row that begins at a place; null where none does.</summary>
    /// <exception cref="UserErrorException">The disk refused.</exception>
    internal T? ReadAt(long offset) => Disk.Attempt($"Cannot read the {format.Name} {path}", () =>
    {
        for (var size = UsualLength; ; size *= 2)
        {
            var text = new byte[size];
            var read = RandomAccess.Read(handle, text, offset);
            var end = Array.IndexOf(text, NewLine, 0, read);
            if (end >= 0)
                return format.Parse(text[..end]);
            if (read < size)
                return null;
        }
    });

    // What a failed write left behind the last row.
    private UserErrorException? CutBack()
    {
        try
        {
            RandomAccess.SetLength(handle, length);
            return null;
        }
        catch (Exception exception) when (Disk.IsFailure(exception))
        {
            return Disk.Explain(exception, $"Cannot truncate the incomplete last row of the {format.Name} {path}");
        }
    }

    // Nothing is changed before every line was looked at.
    private void Recover(Action<JsonLine<T>>? take, Func<bool>? mayEnd, Func<T, bool>? isFlushed)
    {
        JsonLine<T>? torn = null;
        var (mayBeTorn, isEnded) = (false, true);
        length = RandomAccess.GetLength(handle);
        using (var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0))
        {
            foreach (var line in format.Lines(stream))
            {
                if (line.IsForeign)
                    throw format.NotARow(path, line.Number);
                if (torn is { } unreadable)
                {
                    // After a power cut, any block that was not durable may be missing, and others behind it be there.
                    if (!mayBeTorn || (line.Row is { } later && isFlushed?.Invoke(later) == true))
                        throw format.NotARow(path, unreadable.Number);
                }
                else if (line.Row is null)
                {
                    (torn, mayBeTorn) = (line, mayEnd?.Invoke() == true);
                }
                else
                {
                    take?.Invoke(line);
                    isEnded = line.IsEnded;
                }
            }
        }

        if (torn is { } end)
            RandomAccess.SetLength(handle, length = end.Offset);
        if (isEnded)
            return;
        Disk.Write(handle, [NewLine], length);
        length++;
    }
}
