using System.Text.Json;
using ActorTrain.Models;
using Microsoft.Win32.SafeHandles;

namespace ActorTrain.Persistence.Files;

/// <summary>How the rows of a <see cref="StepLog{TRow}"/> are written.</summary>
/// <typeparam name="TRow">One row, which belongs to a step.</typeparam>
/// <param name="Name">What the file is called in messages, such as <c>metrics file</c>.</param>
/// <param name="RowName">What one line of it is called, such as <c>row of metrics</c>.</param>
/// <param name="StepOf">The step that a row belongs to, from 1.</param>
/// <param name="Write">A row as one line of UTF-8 JSON, without its end.</param>
/// <param name="Parse">The row of a line, or null where it is none; may throw <see cref="JsonException"/>.</param>
internal sealed record StepLogFormat<TRow>(string Name, string RowName, Func<TRow, long> StepOf, Func<TRow, byte[]> Write, Func<string, TRow?> Parse)
    where TRow : class
{
    /// <summary>Reads the rows one by one, also while a run appends to them; a torn last line is passed over, a missing file has none.</summary>
    /// <exception cref="UserErrorException">Another line is no row; the sentence names it.</exception>
    public IEnumerable<TRow> Read(string path) => ReadLines(path).Select(static line => line.Row);

    /// <summary>The rows with their lines. From a row of step <paramref name="needed"/> on, a line that is none ends the file.</summary>
    public IEnumerable<(TRow Row, string Text)> ReadLines(string path, long needed = long.MaxValue)
    {
        if (!File.Exists(path))
            yield break;
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        var current = reader.ReadLine();
        long step = 0;
        for (long number = 1; current is not null; number++)
        {
            var next = reader.ReadLine();
            if (RowOf(current) is { } row)
            {
                step = StepOf(row);
                yield return (row, current);
            }
            else if (step >= needed)
            {
                yield break;
            }
            else if (next is not null)
            {
                throw new UserErrorException($"Line {number} of {path} is not a {RowName}; remove that line.");
            }

            current = next;
        }
    }

    private TRow? RowOf(string line)
    {
        try
        {
            return Parse(line);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A file of JSON lines, each belonging to a step, only ever appended to, and cut back to a step when later ones are taken again.</summary>
/// <remarks>A line goes to the system in one write, so a killed process loses none that was appended; what a power cut tears off is the end
/// of the file, which readers pass over and the next opening cuts away. One thread appends; another may flush meanwhile.</remarks>
/// <typeparam name="TRow">One row, which belongs to a step.</typeparam>
public abstract class StepLog<TRow> : IDisposable
    where TRow : class
{
    private const byte NewLine = (byte)'\n';
    private readonly StepLogFormat<TRow> format;
    private readonly string path;
    private readonly SafeFileHandle handle;
    private long length;

    /// <summary>Opens the file, made when missing, to go on after a step: rows of later steps are dropped, and with them whatever a power cut
    /// made of them.</summary>
    private protected StepLog(StepLogFormat<TRow> format, string path, long lastStep)
    {
        this.format = format;
        this.path = path;
        try
        {
            if (File.Exists(path))
                DropAfter(lastStep);
            handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
            length = RandomAccess.GetLength(handle);
        }
        catch (Exception exception) when (Disk.IsFailure(exception))
        {
            throw Disk.Explain(exception, $"Cannot open the {format.Name} {path}");
        }
    }

    /// <summary>Adds a row.</summary>
    /// <exception cref="UserErrorException">The disk refused; the file ends with the row before.</exception>
    public void Append(TRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        byte[] line = [.. format.Write(row), NewLine];
        try
        {
            Disk.Write(handle, line, length);
            length += line.Length;
        }
        catch (Exception exception) when (Disk.IsFailure(exception))
        {
            throw CutBack() ?? Disk.Explain(exception, $"Cannot write to the {format.Name} {path}");
        }
    }

    /// <summary>Makes all rows so far durable against a power cut.</summary>
    /// <exception cref="UserErrorException">The disk refused.</exception>
    public void Flush()
    {
        try
        {
            RandomAccess.FlushToDisk(handle);
        }
        catch (Exception exception) when (Disk.IsFailure(exception))
        {
            throw Disk.Explain(exception, $"Cannot bring the {format.Name} {path} to the disk");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        handle.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Takes away what a failed write left behind the last row.</summary>
    private UserErrorException? CutBack()
    {
        try
        {
            RandomAccess.SetLength(handle, length);
            return null;
        }
        catch (Exception exception) when (Disk.IsFailure(exception))
        {
            return Disk.Explain(exception, $"Cannot take half a row off the end of the {format.Name} {path}");
        }
    }

    /// <summary>Writes what stays to a new file and renames it over the old one.</summary>
    private void DropAfter(long lastStep)
    {
        var kept = path + ".kept";
        try
        {
            using (var stream = File.Create(kept))
            using (var writer = new StreamWriter(stream) { NewLine = "\n" })
            {
                foreach (var (row, text) in format.ReadLines(path, lastStep))
                {
                    if (format.StepOf(row) <= lastStep)
                        writer.WriteLine(text);
                }

                writer.Flush();
                stream.Flush(flushToDisk: true);
            }

            File.Move(kept, path, overwrite: true);
        }
        catch
        {
            Disk.TryDelete(kept);
            throw;
        }

        Disk.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }
}
