using System.Runtime.InteropServices;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Progress;

namespace ActorTrain.Host.Hosting;

/// <summary>Ctrl-C and SIGTERM during a command: the first requests an orderly stop, the second ends the process at once.</summary>
/// <remarks>Ending at once is safe: files that a command writes are complete or absent.</remarks>
public sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource requested = new();
    private readonly List<PosixSignalRegistration> registrations = [];
    private readonly Action<int> end;
    private readonly Action? heard;
    private int received;

    /// <param name="heard">Called at the first signal, to notify the user.</param>
    /// <param name="end">Ends the process with an exit code at once; for tests.</param>
    /// <param name="ignoresInterrupt">Whether Ctrl-C, which a terminal sends to this process's parent too, is left to it.</param>
    public StopSignal(Action? heard = null, Action<int>? end = null, bool ignoresInterrupt = false)
    {
        this.heard = heard;
        this.end = end ?? EndProcess;
        registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT,
            ignoresInterrupt ? static context => context.Cancel = true : Handle));
        registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle));
    }

    public bool Requested => requested.IsCancellationRequested;

    public CancellationToken Token => requested.Token;

    /// <param name="signal">Determines the exit code of the second signal, 128 + its number.</param>
    public void Receive(PosixSignal signal)
    {
        if (Interlocked.Increment(ref received) > 1)
        {
            end(signal == PosixSignal.SIGTERM ? 143 : ExitCode.Cancelled);
            return;
        }

        heard?.Invoke();
        requested.Cancel();
    }

    public void Dispose()
    {
        foreach (var registration in registrations)
            registration.Dispose();
        requested.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        Receive(context.Signal);
    }

    private static void EndProcess(int code)
    {
        if (!Console.IsOutputRedirected)
            Console.Out.Write(LiveProgress.ShowCursor);
        Console.Out.Flush();
        ProcessEnd.Now(code);
    }
}
