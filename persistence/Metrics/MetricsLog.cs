using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Persistence.Files;
using Microsoft.Win32.SafeHandles;

namespace ActorTrain.Persistence.Metrics;

/// <summary>The metrics of one run: a file of JSON lines, only ever appended to, one line per step and one per evaluation.</summary>
/// <remarks>A line goes to the system in one write, so a killed process loses none that was appended; what a power cut tears off is the end
/// of the file, which readers pass over and the next opening cuts away. One thread appends; another may flush meanwhile.</remarks>
public sealed class MetricsLog : IDisposable
{
    private const byte NewLine = (byte)'\n';
    private readonly string path;
    private readonly SafeFileHandle handle;
    private long length;

    private MetricsLog(string path, SafeFileHandle handle)
    {
        this.path = path;
        this.handle = handle;
        length = RandomAccess.GetLength(handle);
    }

    /// <summary>Opens the log to go on after <paramref name="lastStep"/>: rows of later steps, which are about to be taken again, are
    /// dropped, and with them whatever a power cut made of them.</summary>
    /// <param name="path">The file; it is made when missing.</param>
    /// <param name="lastStep">The step that training resumes from; 0 begins anew.</param>
    /// <exception cref="UserErrorException">A line up to that step is no metrics row, or the disk refused; the file is as it
    /// was.</exception>
    public static MetricsLog Open(string path, long lastStep)
    {
        try
        {
            if (File.Exists(path))
                DropAfter(path, lastStep);
            return new MetricsLog(path, File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read));
        }
        catch (Exception exception) when (Disk.IsFailure(exception))
        {
            throw Disk.Explain(exception, $"Cannot open the metrics file {path}");
        }
    }

    /// <summary>Adds a row.</summary>
    /// <exception cref="UserErrorException">The disk refused; the file ends with the row before.</exception>
    public void Append(MetricsRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var json = JsonSerializer.SerializeToUtf8Bytes(MetricsLine.Of(row), MetricsJson.Default.MetricsLine);
        byte[] line = [.. json, NewLine];
        try
        {
            Disk.Write(handle, line, length);
            length += line.Length;
        }
        catch (Exception exception) when (Disk.IsFailure(exception))
        {
            throw CutBack() ?? Disk.Explain(exception, $"Cannot write to the metrics file {path}");
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
            throw Disk.Explain(exception, $"Cannot bring the metrics file {path} to the disk");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();

    /// <summary>Reads the rows one by one, also while a run appends to them; a torn last line is passed over, a missing file has
    /// none.</summary>
    /// <exception cref="UserErrorException">Another line is no metrics row; the sentence names it.</exception>
    public static IEnumerable<MetricsRow> Read(string path) => ReadLines(path).Select(static line => line.Row);

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
            return Disk.Explain(exception, $"Cannot take half a row off the end of the metrics file {path}");
        }
    }

    /// <summary>The rows with their lines. From a row of step <paramref name="needed"/> on, a line that is none ends the file.</summary>
    private static IEnumerable<(MetricsRow Row, string Text)> ReadLines(string path, long needed = long.MaxValue)
    {
        if (!File.Exists(path))
            yield break;
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var current = reader.ReadLine();
        long step = 0;
        for (long number = 1; current is not null; number++)
        {
            var next = reader.ReadLine();
            if (Parse(current) is { } row)
            {
                step = row.Step;
                yield return (row, current);
            }
            else if (step >= needed)
            {
                yield break;
            }
            else if (next is not null)
            {
                throw new UserErrorException($"Line {number} of {path} is not a row of metrics; remove that line.");
            }

            current = next;
        }
    }

    private static MetricsRow? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, MetricsJson.Default.MetricsLine)?.ToRow();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes what stays to a new file and renames it over the old one.</summary>
    private static void DropAfter(string path, long lastStep)
    {
        var kept = path + ".kept";
        try
        {
            using (var stream = File.Create(kept))
            using (var writer = new StreamWriter(stream) { NewLine = "\n" })
            {
                foreach (var (row, text) in ReadLines(path, lastStep))
                {
                    if (row.Step <= lastStep)
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
