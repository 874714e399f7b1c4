using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ActorTrain.Models.Files;

/// <summary>File operations beyond the framework's: durable files and folders, and error messages.</summary>
public static partial class Disk
{
    private const string WritingSuffix = ".writing";
    private const int NoSpace = 28, ReadOnlyFileSystem = 30, FileTooBig = 27, QuotaExceeded = 122;
    private const int WouldBlock = 11, NotSupported = 95, NotImplemented = 38;
    private const int CloseOnExec = 0x80000; // O_CLOEXEC (O_RDONLY is 0)
    private const int WorkingFolder = -100; // AT_FDCWD
    private const uint Exchange = 2; // RENAME_EXCHANGE

    /// <summary>Whether an exception comes from the file system rather than from a bug.</summary>
    public static bool IsFailure(Exception exception) => exception is IOException or UnauthorizedAccessException or Win32Exception;

    /// <summary>Whether opening a file failed because another holder has it locked.</summary>
    public static bool IsLocked(IOException exception) => exception.HResult == WouldBlock;

    /// <summary>Runs a file operation; turns its failure into one sentence.</summary>
    /// <param name="failure">What failed, such as <c>Cannot save the checkpoint of step 100 in runs/a/checkpoints</c>.</param>
    /// <exception cref="UserErrorException">A file system error.</exception>
    public static T Attempt<T>(string failure, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception exception) when (IsFailure(exception))
        {
            throw Explain(exception, failure);
        }
    }

    public static void Attempt(string failure, Action action) => Attempt(failure, () =>
    {
        action();
        return true;
    });

    /// <summary>fsync of a file or directory: a rename or a new file in a directory survives a power cut only after this.</summary>
    public static void Sync(string path)
    {
        var descriptor = Open(path, CloseOnExec);
        if (descriptor < 0)
            throw LastError(path);
        try
        {
            if (FSync(descriptor) != 0)
                throw LastError(path);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    /// <summary>Reserves space for a file, so that a full disk is detected before any byte is written. Where the file system cannot
    /// reserve, writing will fail instead.</summary>
    public static void Reserve(SafeFileHandle handle, string path, long size)
    {
        if (size > 0 && Allocate(handle, 0, 0, size) != 0 && Marshal.GetLastPInvokeError() is not (NotSupported or NotImplemented))
            throw LastError(path);
    }

    /// <exception cref="IOException">A disk error, including a limit on file size, which the framework reports as a wrong
    /// argument.</exception>
    public static void Write(SafeFileHandle handle, ReadOnlySpan<byte> bytes, long position)
    {
        try
        {
            RandomAccess.Write(handle, bytes, position);
        }
        catch (ArgumentOutOfRangeException exception) when (position >= 0)
        {
            throw new IOException(exception.Message, FileTooBig);
        }
    }

    public static void WriteSynced(string path, ReadOnlySpan<byte> content)
    {
        using var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        Write(handle, content, 0);
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>Replaces a small file atomically and durably.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var writing = path + WritingSuffix;
        File.Delete(writing);
        WriteSynced(writing, content);
        File.Move(writing, path, overwrite: true);
        Sync(ParentOf(path));
    }

    /// <summary>Replaces a file atomically and durably by a copy of it, so that whoever has it open has another file.</summary>
    public static void ReplaceByCopy(string path)
    {
        var copy = path + WritingSuffix;
        File.Copy(path, copy, overwrite: true);
        Sync(copy);
        File.Move(copy, path, overwrite: true);
        Sync(ParentOf(path));
    }

    /// <summary>Replaces a folder atomically and durably, even under a power cut or a kill; see <see cref="MoveIntoPlace"/>. After a
    /// failure the old one is unchanged.</summary>
    /// <param name="writing">Temporary name in the same directory; anything of that name is deleted.</param>
    /// <param name="fill">Writes files into the given empty folder.</param>
    public static void ReplaceFolder(string target, string writing, string aside, Action<string> fill)
    {
        try
        {
            if (Directory.Exists(writing))
                Directory.Delete(writing, recursive: true);
            Directory.CreateDirectory(writing);
            fill(writing);
            MoveIntoPlace(writing, target, aside);
        }
        catch
        {
            TryDelete(writing);
            throw;
        }
    }

    /// <summary>Syncs the files of a folder and renames it to <paramref name="target"/>, replacing a folder of that name.</summary>
    /// <param name="aside">Temporary name of the old folder, in the same directory, if the file system cannot exchange two names
    /// atomically. A kill in between leaves it there.</param>
    public static void MoveIntoPlace(string finished, string target, string aside)
    {
        foreach (var file in Directory.EnumerateFiles(finished))
            Sync(file);
        Sync(finished);
        if (!Directory.Exists(target))
            Directory.Move(finished, target);
        else if (Rename(WorkingFolder, finished, WorkingFolder, target, Exchange) != 0)
            MoveInTwoSteps(finished, target, aside);
        Sync(ParentOf(target));

        // The old folder has one of these names now.
        TryDelete(finished);
        TryDelete(aside);
    }

    private static void MoveInTwoSteps(string finished, string target, string aside)
    {
        TryDelete(aside);
        Directory.Move(target, aside);
        try
        {
            Directory.Move(finished, target);
        }
        catch
        {
            Directory.Move(aside, target);
            throw;
        }
    }

    /// <summary>Deletes a directory or file if it exists; returns whether it is gone.</summary>
    public static bool TryDelete(string path)
    {
        try
        {
            if (Directory.Exists(path))
                Directory.Delete(path, recursive: true);
            else
                File.Delete(path);
            return true;
        }
        catch (Exception exception) when (IsFailure(exception))
        {
            return false;
        }
    }

    /// <summary>One sentence for a failure: what failed, why, and the fix.</summary>
    /// <param name="action">What was attempted, such as <c>Cannot save the checkpoint of step 100 in runs/a/checkpoints</c>.</param>
    public static UserErrorException Explain(Exception exception, string action) => new($"{action}: {Reason(exception)}.", exception);

    public static string Reason(Exception exception) => (exception.HResult & 0xFFFF, exception) switch
    {
        (NoSpace, IOException) => "the disk is full; free some space and run again",
        (QuotaExceeded, IOException) => "the disk quota is used up; free some space and run again",
        (FileTooBig, IOException) =>
            "the file would be larger than the system allows; raise the file size limit (ulimit -f) and run again",
        (ReadOnlyFileSystem, _) => "the file system is read-only; mount it writable or choose another folder",
        (_, UnauthorizedAccessException { InnerException.HResult: ReadOnlyFileSystem }) =>
            "the file system is read-only; mount it writable or choose another folder",
        (_, UnauthorizedAccessException) => "permission denied; change the permissions or choose another folder",
        (_, DirectoryNotFoundException) => "a parent folder is missing; restore it or choose another",
        _ => exception.Message.TrimEnd('.'),
    };

    private static string ParentOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path))!;

    private static IOException LastError(string path)
    {
        var code = Marshal.GetLastPInvokeError();
        return new IOException($"{Marshal.GetPInvokeErrorMessage(code)}: {path}", code);
    }

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Allocate(SafeFileHandle handle, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Rename(int folder, string from, int otherFolder, string to, uint flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int descriptor);
}
