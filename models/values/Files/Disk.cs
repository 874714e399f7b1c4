using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ActorTrain.Models.Files;

/// <summary>What the file system is asked beyond the framework's classes: durable files and folders, failures in words.</summary>
public static partial class Disk
{
    private const string WritingSuffix = ".writing";
    private const int NoSpace = 28, ReadOnlyFileSystem = 30, FileTooBig = 27, QuotaExceeded = 122;
    private const int WouldBlock = 11, NotSupported = 95, NotImplemented = 38;
    private const int CloseOnExec = 0x80000; // O_CLOEXEC (O_RDONLY is 0)
    private const int WorkingFolder = -100; // AT_FDCWD
    private const uint Exchange = 2; // RENAME_EXCHANGE

    /// <summary>Whether an exception comes from the file system rather than from a mistake in the program.</summary>
    public static bool IsFailure(Exception exception) => exception is IOException or UnauthorizedAccessException or Win32Exception;

    /// <summary>Whether opening a file failed because another holder has it locked.</summary>
    public static bool IsLocked(IOException exception) => exception.HResult == WouldBlock;

    /// <summary>Does something with files; where the file system refuses, says so in one sentence.</summary>
    /// <param name="failure">What could not be done then, such as <c>Cannot save the checkpoint of step 100 in
    /// runs/a/checkpoints</c>.</param>
    /// <exception cref="UserErrorException">The file system refused.</exception>
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

    /// <inheritdoc cref="Attempt{T}"/>
    public static void Attempt(string failure, Action action) => Attempt(failure, () =>
    {
        action();
        return true;
    });

    /// <summary>fsync of a file, or of a directory: a rename or a new file in it survives a power cut only after this.</summary>
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

    /// <summary>Reserves space for a file that is about to be written, so that a full disk is found before any byte is. Where the file
    /// system cannot reserve, the writing itself will find out.</summary>
    public static void Reserve(SafeFileHandle handle, string path, long size)
    {
        if (size > 0 && Allocate(handle, 0, 0, size) != 0 && Marshal.GetLastPInvokeError() is not (NotSupported or NotImplemented))
            throw LastError(path);
    }

    /// <summary>Writes all bytes at a position.</summary>
    /// <exception cref="IOException">The disk refused; a limit on file size, which the framework takes for a wrong argument,
    /// included.</exception>
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

    /// <summary>Writes a small file and syncs it.</summary>
    public static void WriteSynced(string path, ReadOnlySpan<byte> content)
    {
        using var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        Write(handle, content, 0);
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>Puts a small file in the place of another, durably: after a power cut the old one stands there or the new one,
    /// whole.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var writing = path + WritingSuffix;
        File.Delete(writing);
        WriteSynced(writing, content);
        File.Move(writing, path, overwrite: true);
        Sync(ParentOf(path));
    }

    /// <summary>Puts a folder in the place of another, durably: after a power cut or a kill at any moment the old one stands there or the
    /// new one, whole; see <see cref="MoveIntoPlace"/>. After a failure the old one is as it was.</summary>
    /// <param name="writing">The name of the new one meanwhile, in the same directory; what has that name is deleted.</param>
    /// <param name="fill">Writes files into the empty folder it is given.</param>
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

    /// <summary>Brings the files of a folder to the disk and gives it its name; one that has that name is deleted.</summary>
    /// <param name="aside">Where the one of that name steps aside to, in the same directory, where the file system cannot exchange two
    /// names in one step. A kill in between leaves it there.</param>
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

        // The old one has one of these names now.
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

    /// <summary>Deletes a directory or file if it is there; says whether it is gone.</summary>
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

    /// <summary>One sentence for a failure: what could not be done, why, and the fix.</summary>
    /// <param name="action">What was attempted, such as <c>Cannot save the checkpoint of step 100 in runs/a/checkpoints</c>.</param>
    public static UserErrorException Explain(Exception exception, string action) => new($"{action}: {Reason(exception)}.", exception);

    /// <summary>Why the file system refused, and the fix.</summary>
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
