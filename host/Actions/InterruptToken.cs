using System.Runtime.InteropServices;

namespace ActorTrain.Host.Actions;

/// <summary>A token that Ctrl-C or SIGTERM cancels, for commands that give up at once and leave nothing behind.</summary>
internal sealed class InterruptToken : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly PosixSignalRegistration[] registrations;

    public InterruptToken()
    {
        registrations = [Register(PosixSignal.SIGINT), Register(PosixSignal.SIGTERM)];
    }

    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        foreach (var registration in registrations)
            registration.Dispose();
        source.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
    {
        // A second signal ends the process as usual.
        context.Cancel = !source.IsCancellationRequested;
        source.Cancel();
    });
}
