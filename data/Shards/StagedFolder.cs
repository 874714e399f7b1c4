using ActorTrain.Models;
using ActorTrain.Models.Files;

namespace ActorTrain.Data.Shards;

/// <summary>What a command writes into a folder of its own.</summary>
/// <param name="Noun">To follow "is not".</param>
/// <param name="Marker">A file by which such a folder is known.</param>
internal sealed record FolderContent(string Noun, string Marker)
{
    public static FolderContent PreparedData { get; } = new("prepared data", TokenIndex.FileName);
}

/// <summary>A folder that is written under a temporary name and moved into place atomically.</summary>
internal sealed class StagedFolder : IDisposable
{
    private const string LockFile = "lock";
    private readonly string target;
    private readonly string replaced;
    private readonly FileStream held;
    private readonly List<string> newParents = [];
    private bool committed;

    /// <summary>Creates the temporary folder beside <paramref name="target"/>, and deletes leftovers of killed writers.</summary>
    private StagedFolder(string target, bool force, FolderContent content)
    {
        this.target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        Refuse(target, force, content);
        var parent = Path.GetDirectoryName(this.target)!;
        var name = Path.GetFileName(this.target);
        Staging = Path.Combine(parent, $".{name}.partial");
        replaced = Path.Combine(parent, $".{name}.replaced");
        try
        {
            for (var missing = parent; !Directory.Exists(missing); missing = Path.GetDirectoryName(missing)!)
                newParents.Add(missing);
            Directory.CreateDirectory(Staging);
            held = Hold(target);
            foreach (var entry in new DirectoryInfo(Staging).EnumerateFiles().Where(static file => file.Name != LockFile))
                entry.Delete();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            held?.Dispose();
            RemoveNewParents();
            throw new UserErrorException(
                $"Cannot create the output folder {target}: {error.Message.TrimEnd('.')}; choose another with --output.", error);
        }
    }

    private string Staging { get; }

    /// <summary>Writes a folder and moves it into place; after an error, nothing is left of it.</summary>
    /// <param name="fill">Writes files into the given empty folder.</param>
    /// <exception cref="UserErrorException">The target exists and is not to be replaced, another process is writing it, or it cannot be
    /// written.</exception>
    public static T Write<T>(string target, bool force, FolderContent content, Func<string, T> fill)
    {
        using var staged = new StagedFolder(target, force, content);
        try
        {
            var result = fill(staged.Staging);
            staged.Commit();
            return result;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException(
                $"Cannot write the output folder {target}: {error.Message.TrimEnd('.')}; "
                + "free some space or choose another with --output.", error);
        }
    }

    /// <summary>Rejects a target that exists, unless it holds such content and may be replaced.</summary>
    public static void Refuse(string target, bool force, FolderContent content)
    {
        if (File.Exists(target))
            throw new UserErrorException($"The output {target} is a file: choose a folder with --output.");
        if (!Directory.Exists(target))
            return;
        if (!force)
            throw new UserErrorException(
                $"The output folder {target} already exists: choose another with --output, or pass --force to replace it.");
        if (Directory.EnumerateFileSystemEntries(target).Any() && !File.Exists(Path.Combine(target, content.Marker)))
            throw new UserErrorException(
                $"The output folder {target} is not {content.Noun}, so --force does not replace it: "
                + "choose another with --output.");
    }

    /// <summary>Syncs everything and moves the folder into place.</summary>
    private void Commit()
    {
        File.Delete(Path.Combine(Staging, LockFile));
        Disk.MoveIntoPlace(Staging, target, replaced);
        committed = true;
    }

    /// <summary>Deletes the temporary folder, unless it was committed.</summary>
    public void Dispose()
    {
        if (!committed)
        {
            Disk.TryDelete(Staging);
            RemoveNewParents();
        }

        held.Dispose();
    }

    private void RemoveNewParents()
    {
        foreach (var folder in newParents.Where(Directory.Exists))
        {
            if (!Directory.EnumerateFileSystemEntries(folder).Any())
                Directory.Delete(folder);
        }
    }

    private FileStream Hold(string shown)
    {
        try
        {
            return new FileStream(Path.Combine(Staging, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error)
        {
            throw new UserErrorException(
                $"The output folder {shown} is being written by another process: wait for it, or choose another with --output.", error);
        }
    }
}
