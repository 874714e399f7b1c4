using System.Text;
using ActorTrain.Models;
using ActorTrain.Models.Files;
using ActorTrain.Persistence.Machine;

namespace ActorTrain.Persistence.Runs;

/// <summary>The right to train a run, held by at most one process; released by the system when the process dies.</summary>
/// <remarks>Taking it changes no records of the run: a process that takes it, cannot resume and releases it leaves no trace.</remarks>
public sealed class RunLock : IDisposable
{
    private const int Attempts = 50;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private readonly FileStream stream;
    private RunState? ending;

    private RunLock(FileStream stream)
    {
        this.stream = stream;
        using var reader = new StreamReader(stream, leaveOpen: true);
        WasKilledForMemory = Read(reader).ForMemory;
    }

    /// <summary>Whether the previous process was probably killed for lack of memory.</summary>
    public bool WasKilledForMemory { get; }

    internal static RunLock Take(RunDirectory run)
    {
        try
        {
            Directory.CreateDirectory(run.Path);
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    // FileShare.None is an exclusive flock of the whole file.
                    return new RunLock(new FileStream(run.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
                }
                catch (IOException exception) when (Disk.IsLocked(exception) && attempt < Attempts)
                {
                    // A listing of runs takes a shared lock for a moment; a run holds its lock for long.
                    Thread.Sleep(Pause);
                }
            }
        }
        catch (IOException exception) when (Disk.IsLocked(exception))
        {
            throw new UserErrorException(
                $"The run {run.Name} in {run.Path} is being trained by another process; wait for it, stop it, or choose " +
                $"another name.",
                exception);
        }
        catch (Exception exception) when (Disk.IsFailure(exception))
        {
            throw Disk.Explain(exception, $"Cannot lock the run in {run.Path}");
        }
    }

    /// <summary>Takes the right from a process that may still live, but can change nothing any more: its lock is that of a file without a
    /// name from now on.</summary>
    internal static RunLock Replace(RunDirectory run) => Disk.Attempt($"Cannot lock the run in {run.Path}", () =>
    {
        Directory.CreateDirectory(run.Path);
        var made = $"{run.LockFile}.{Environment.ProcessId}";
        var stream = new FileStream(made, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        File.Move(made, run.LockFile, overwrite: true);
        return new RunLock(stream);
    });

    /// <summary>Records that the run is running: from here on it is listed as killed if the process dies, and as stopped after
    /// disposal.</summary>
    public void MarkRunning()
    {
        Write($"{RunState.Running} in process {Environment.ProcessId}\n{OutOfMemoryKills.Now().Write()}");
        ending = RunState.Stopped;
    }

    /// <summary>Records the last step: after disposal the run is listed as finished.</summary>
    public void MarkFinished() => ending = RunState.Finished;

    /// <summary>Another process leads the run: after disposal its records are what that one wrote.</summary>
    public void Yield() => ending = null;

    /// <summary>Releases the lock; records how the run ended if it was trained.</summary>
    public void Dispose()
    {
        if (!stream.CanWrite)
            return;
        if (ending is { } state)
            Write(state.ToString());
        stream.Dispose();
    }

    /// <summary>The state of a run by its lock file: running if locked, else what the last holder wrote or failed to write; and whether a
    /// killed one was probably killed for lack of memory.</summary>
    internal static (RunState State, bool ForMemory) Probe(string lockFile)
    {
        if (!File.Exists(lockFile))
            return (RunState.New, false);
        try
        {
            using var reader = new StreamReader(new FileStream(lockFile, FileMode.Open, FileAccess.Read, FileShare.Read));
            return Read(reader);
        }
        catch (IOException exception) when (Disk.IsLocked(exception))
        {
            return (RunState.Running, false);
        }
    }

    private static (RunState State, bool ForMemory) Read(StreamReader reader) =>
        Enum.TryParse<RunState>(reader.ReadLine(), out var ended) && ended is RunState.Finished or RunState.Stopped
            ? (ended, false)
            : (RunState.Killed, OutOfMemoryKills.Read(reader.ReadLine()) is { } then && OutOfMemoryKills.Now().HaveRisenSince(then));

    private void Write(string text)
    {
        stream.SetLength(0);
        stream.Write(Encoding.UTF8.GetBytes(text + "\n"));
        stream.Flush();
    }
}
