using System.ComponentModel;
using System.Runtime.InteropServices;

namespace ActorTrain.Chaos;

/// <summary>Simulates faults of the machine by means of the system; nothing outlives the process.</summary>
public static partial class MachineFaults
{
    private const int KillSignal = 9, EndSignal = 15, ContinueSignal = 18, StopSignal = 19, FileTooBigSignal = 25; // SIGXFSZ
    private const nint Ignored = 1; // SIG_IGN
    private const int FileSizeLimit = 1; // RLIMIT_FSIZE
    private const int SetOpenFileLock = 37; // F_OFD_SETLK
    private const short WriteLock = 1, Unlock = 2; // F_WRLCK, F_UNLCK
    private const int ReadWriteCloseOnExec = 2 | 0x80000; // O_RDWR | O_CLOEXEC

    // Bytes that SQLite locks for writing: one in the index of the write-ahead log, one in the database file.
    private const long LogWriter = 120, FileWriter = 0x40000001;

    // Protects a process without a small memory limit.
    private const long MostMemory = 1L << 30;
    private static readonly Dictionary<string, int> Opened = [];

    public static void Kill()
    {
        _ = SendSignal(Environment.ProcessId, KillSignal);
        Thread.Sleep(Timeout.Infinite);
    }

    /// <summary>Kills another process. One that has ended is no error.</summary>
    public static void Kill(int process) => _ = SendSignal(process, KillSignal);

    public static void AskToEnd(int process) => _ = SendSignal(process, EndSignal);

    /// <summary>Stops another process, or wakes it.</summary>
    public static void SetStopped(int process, bool isStopped) => _ = SendSignal(process, isStopped ? StopSignal : ContinueSignal);

    /// <summary>Limits the size of files, as on a nearly full disk.</summary>
    /// <param name="most">Bytes; null to restore the former limit.</param>
    public static void LimitFiles(long? most)
    {
        // Otherwise exceeding the limit ends the process instead of returning an error.
        _ = SetSignal(FileTooBigSignal, Ignored);
        if (GetLimit(FileSizeLimit, out var limit) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        limit.Current = most is { } bytes ? (ulong)bytes : limit.Most;
        if (SetLimit(FileSizeLimit, in limit) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>Locks a SQLite database against writers, or unlocks it.</summary>
    /// <param name="patience">How long to wait for a current writer.</param>
    /// <returns>Whether it succeeded.</returns>
    public static bool Lock(string database, bool locked, TimeSpan patience)
    {
        var places = ((string Path, long Byte)[])[(database + "-shm", LogWriter), (database, FileWriter)];
        var done = true;
        foreach (var (path, at) in places.Where(static place => File.Exists(place.Path)))
            done &= SetLock(path, at, locked, patience);
        return done;
    }

    // Closing a file would release SQLite's own locks on it in this process, so the file stays open.
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

    /// <summary>Allocates managed memory up to nine tenths of the process's limit.</summary>
    /// <returns>Keeps the memory alive.</returns>
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
            // Less memory was left than it seemed: the pressure suffices.
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
