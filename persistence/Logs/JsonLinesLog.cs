using ActorTrain.Models;
using ActorTrain.Models.Files;
using ActorTrain.Persistence.Terms;
using Microsoft.Win32.SafeHandles;

namespace ActorTrain.Persistence.Logs;

/// <summary>An append-only file of JSON lines.</summary>
/// <remarks>A line is one write to the system, so a killed process loses none that was appended. Readers skip a half-written last line, and
/// the next writer cuts it off. One thread appends; another may flush meanwhile.</remarks>
public sealed class JsonLinesLog<T> : IDisposable
    where T : class
{
    private const byte NewLine = (byte)'\n';
    private readonly JsonLinesFormat<T> format;
    private readonly string path;
    private readonly SafeFileHandle handle;
    private long length;

    /// <summary>Opens the file to append to it; creates it if missing.</summary>
    /// <param name="take">Receives each existing row, in order, and its offset.</param>
    /// <param name="mayEnd">Whether what follows the rows so far need not be durable, so that a power cut may have torn it; null: it must
    /// be.</param>
    /// <param name="isFlushed">Whether a row was written only after all before it were durable.</param>
    /// <param name="term">Under which it is written; null: no other process can take the run over.</param>
    /// <exception cref="TermLostException">Another process leads; the file is unchanged.</exception>
    /// <exception cref="UserErrorException">A line is not a row, or a disk error; the file is unchanged.</exception>
    internal JsonLinesLog(
        JsonLinesFormat<T> format,
        string path,
        Action<JsonLine<T>>? take = null,
        Func<bool>? mayEnd = null,
        Func<T, bool>? isFlushed = null,
        RunTerm? term = null)
    {
        this.format = format;
        this.path = path;
        try
        {
            var isNew = !File.Exists(path);
            handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            try
            {
                term?.Claim(path, handle);
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

    /// <returns>Its offset.</returns>
    /// <exception cref="UserErrorException">A disk error; the file ends with the previous row.</exception>
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
    /// <exception cref="UserErrorException">A disk error.</exception>
    public void Flush() => Disk.Attempt($"Cannot sync the {format.Name} {path} to disk", () => RandomAccess.FlushToDisk(handle));

    public void Dispose() => handle.Dispose();

    /// <summary>The first such row that begins at an offset or later; null if there is none.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    internal T? FirstFrom(long offset, Predicate<T> wanted) => Disk.Attempt($"Cannot read the {format.Name} {path}", () =>
    {
        using var stream = OpenToRead();
        stream.Seek(offset, SeekOrigin.Begin);
        return format.Lines(stream).Select(static line => line.Row).FirstOrDefault(row => row is not null && wanted(row));
    });

    private FileStream OpenToRead() =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    // Removes what a failed write left behind the last row.
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

    // Nothing is changed until every line is checked.
    private void Recover(Action<JsonLine<T>>? take, Func<bool>? mayEnd, Func<T, bool>? isFlushed)
    {
        JsonLine<T>? torn = null;
        var (mayBeTorn, isEnded) = (false, true);
        length = RandomAccess.GetLength(handle);
        using (var stream = OpenToRead())
        {
            foreach (var line in format.Lines(stream))
            {
                if (line.IsForeign)
                    throw format.NotARow(path, line.Number);
                if (torn is { } unreadable)
                {
                    // After a power cut, any block that was not durable may be missing even if later ones exist.
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
