using System.ComponentModel;
using System.Runtime.InteropServices;

namespace ActorTrain.Chaos;

/// <summary>Faults of the machine, brought upon this process by itself: the system's own means, and nothing that outlives the
/// process.</summary>
public static partial class MachineFaults
{
    private const int KillSignal = 9, FileTooBigSignal = 25; // SIGXFSZ
    private const nint Ignored = 1; // SIG_IGN
    private const int FileSizeLimit = 1; // RLIMIT_FSIZE
    private const int SetOpenFileLock = 37; // F_OFD_SETLK
    private const short WriteLock = 1, Unlock = 2; // F_WRLCK, F_UNLCK
    private const int ReadWriteCloseOnExec = 2 | 0x80000; // O_RDWR | O_CLOEXEC

    // Where SQLite locks: the byte for whoever writes to the write-ahead log, in the index of it, and the byte for whoever writes to the
    // file itself.
    private const long LogWriter = 120, FileWriter = 0x40000001;

    // A process that may have more was not started for this.
    private const long MostMemory = 1L << 30;
    private static readonly Dictionary<string, int> Opened = [];

    /// <summary>Ends this process as <c>kill -9</c> does.</summary>
    public static void Kill()
    {
        _ = SendSignal(Environment.ProcessId, KillSignal);
        Thread.Sleep(Timeout.Infinite);
    }

    /// <summary>Lets no file grow beyond a size, or lets all grow again: what is larger finds no room, as on a disk that is nearly
    /// full.</summary>
    /// <param name="most">Bytes; null: as many as before.</param>
    public static void LimitFiles(long? most)
    {
        // Else whoever writes too much is not told so, but ended.
        _ = SetSignal(FileTooBigSignal, Ignored);
        if (GetLimit(FileSizeLimit, out var limit) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        limit.Current = most is { } bytes ? (ulong)bytes : limit.Most;
        if (SetLimit(FileSizeLimit, in limit) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>Locks a SQLite database against all who write to it, or gives it free again.</summary>
    /// <param name="patience">How long to wait for whoever writes just now.</param>
    /// <returns>Whether it is so.</returns>
    public static bool Lock(string database, bool locked, TimeSpan patience)
    {
        var places = ((string Path, long Byte)[])[(database + "-shm", LogWriter), (database, FileWriter)];
        var done = true;
        foreach (var (path, at) in places.Where(static place => File.Exists(place.Path)))
            done &= SetLock(path, at, locked, patience);
        return done;
    }

    // Closing a file would drop the locks that SQLite itself, in this process, has on it: what is opened here stays open.
    private static bool SetLock(string path, long at, bool locked, TimeSpan patience)
    {
        lock (Opened)
        {
            if (!Opened.TryGetValue(path, out var descriptor))
            {
                descriptor = Open(path, ReadWriteCloseOnExec);
                if (descriptor < 0)
                    throw new Win32Exception(Marshal.GetLastPInvokeError());
                Opened.Add(path, descriptor);
            }

            var range = new FileLock { Kind = locked ? WriteLock : Unlock, Start = at, Length = 1 };
            for (var tries = (int)(patience.TotalMilliseconds / 5) + 1; tries > 0; tries--)
            {
                if (Control(descriptor, SetOpenFileLock, in range) == 0)
                    return true;
                Thread.Sleep(5);
            }

            return false;
        }
    }

    /// <summary>Takes managed memory until nine tenths of what this process may have are in use.</summary>
    /// <returns>What holds it.</returns>
    public static object TakeMemory()
    {
        const int Piece = 1 << 20;
        var held = new List<byte[]>();
        var most = Math.Min(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, MostMemory) / 10 * 9;
        try
        {
            while (GC.GetTotalMemory(forceFullCollection: false) < most)
            {
                var piece = GC.AllocateUninitializedArray<byte>(Piece);
                for (var i = 0; i < Piece; i += 4096)
                    piece[i] = 1;
                held.Add(piece);
            }
        }
        catch (OutOfMemoryException)
        {
            // Others had less left than it seemed: there is pressure enough.
        }

        return held;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        public ulong Current;
        public ulong Most;
    }

    // struct flock of 64-bit Linux.
    [StructLayout(LayoutKind.Sequential)]
    private struct FileLock
    {
        public short Kind;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SendSignal(int process, int signal);

    [LibraryImport("libc", EntryPoint = "signal")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint SetSignal(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetLimit(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetLimit(int resource, in Limit limit);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(int descriptor, int command, in FileLock range);

    [LibraryImport("libc", EntryPoint = "getppid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int ParentProcess();
}
