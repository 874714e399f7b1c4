using ActorTrain.Models;
using ActorTrain.Models.Files;

namespace ActorTrain.Persistence.Journal;

/// <summary>A copy of an idle SQLite journal for reading: opening the original would recover what a killed process left in it, and so
/// change it.</summary>
public sealed class JournalCopy : IDisposable
{
    // The database, its write-ahead log, and its rollback journal.
    private static readonly string[] Parts = ["", "-wal", "-journal"];
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("actortrain-journal-");

    /// <param name="file">The database; it must not be written meanwhile.</param>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public JournalCopy(string file)
    {
        File = Path.Combine(folder.FullName, Path.GetFileName(file));
        try
        {
            foreach (var part in Parts.Where(part => System.IO.File.Exists(file + part)))
                System.IO.File.Copy(file + part, File + part);
        }
        catch (Exception exception) when (Disk.IsFailure(exception))
        {
            Dispose();
            throw Disk.Explain(exception, $"Cannot copy {file} to read it");
        }
    }

    public string File { get; }

    public void Dispose() => folder.Delete(recursive: true);
}
