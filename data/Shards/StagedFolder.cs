using System.Runtime.InteropServices;
using ActorTrain.Models;

namespace ActorTrain.Data.Shards;

/// <summary>A folder that is written beside its place and moved there as a whole: it is complete, or it is not there.</summary>
internal sealed partial class StagedFolder : IDisposable
{
    private const string LockFile = "lock";
    private const int AtWorkingFolder = -100;
    private const uint ExchangeFlag = 2;
    private readonly string target;
    private readonly string replaced;
    private readonly FileStream held;
    private readonly List<string> newParents = [];
    private bool committed;

    /// <summary>Makes the folder's place beside <paramref name="target"/>, and removes what a writer that was killed left there.</summary>
    /// <exception cref="UserErrorException">The target exists and is not to be replaced, somebody else is writing it, or it cannot be written.</exception>
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

    /// <summary>Where to write meanwhile.</summary>
    public string Staging { get; }

    /// <summary>Refuses a target that exists, unless it is prepared data and may be replaced.</summary>
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

    /// <summary>Brings all to the disk and moves the folder into its place.</summary>
    public void Commit()
    {
        foreach (var file in Directory.EnumerateFiles(Staging))
            Sync(file);
        File.Delete(Path.Combine(Staging, LockFile));
        Sync(Staging);
        if (!Directory.Exists(target))
            Directory.Move(Staging, target);
        else if (Exchange(AtWorkingFolder, Staging, AtWorkingFolder, target, ExchangeFlag) != 0)
            Replace();
        committed = true;
        Sync(Path.GetDirectoryName(target)!);

        // What was at the place before has one of these names now, by the way that was taken or by one that a kill cut short.
        foreach (var old in new[] { Staging, replaced }.Where(Directory.Exists))
            Directory.Delete(old, recursive: true);
    }

    /// <summary>Puts the new folder in the place of the old one where the file system cannot exchange them, in two moves.</summary>
    private void Replace()
    {
        if (Directory.Exists(replaced))
            Directory.Delete(replaced, recursive: true);
        Directory.Move(target, replaced);
        try
        {
            Directory.Move(Staging, target);
        }
        catch
        {
            Directory.Move(replaced, target);
            throw;
        }
    }

    /// <summary>Removes what was written, unless it was committed.</summary>
    public void Dispose()
    {
        if (!committed)
        {
            Directory.Delete(Staging, recursive: true);
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

    /// <summary>fsync, of a file or of a folder; .NET opens no folders.</summary>
    private static void Sync(string path)
    {
        var descriptor = Open(path, flags: 0);
        if (descriptor < 0)
            throw new IOException($"Cannot open {path} to sync it: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        try
        {
            if (Fsync(descriptor) != 0)
                throw new IOException($"Cannot sync {path}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Exchange(int folder, string path, int otherFolder, string otherPath, uint flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
