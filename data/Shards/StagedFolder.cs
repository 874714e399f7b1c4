using ActorTrain.Models;
using ActorTrain.Models.Files;

namespace ActorTrain.Data.Shards;

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
    /// <exception cref="UserErrorException">The target exists and is not to be replaced, another process is writing it, or it cannot be
    /// written.</exception>
    public StagedFolder(string target, bool force)
    {
        this.target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        Refuse(target, force);
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

    public string Staging { get; }

    /// <summary>Rejects a target that exists, unless it is prepared data and may be replaced.</summary>
    public static void Refuse(string target, bool force)
    {
        if (File.Exists(target))
            throw new UserErrorException($"The output {target} is a file: choose a folder with --output.");
        if (!Directory.Exists(target))
            return;
        if (!force)
            throw new UserErrorException(
                $"The output folder {target} already exists: choose another with --output, or pass --force to replace it.");
        if (Directory.EnumerateFileSystemEntries(target).Any() && !File.Exists(Path.Combine(target, TokenIndex.FileName)))
            throw new UserErrorException(
                $"The output folder {target} is not prepared data, so --force does not replace it: "
                + "choose another with --output.");
    }

    /// <summary>Syncs everything and moves the folder into place.</summary>
    public void Commit()
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
