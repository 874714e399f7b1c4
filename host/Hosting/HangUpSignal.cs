using System.Runtime.InteropServices;
using ActorTrain.Host.Control;
using ActorTrain.Host.Progress;
using ActorTrain.Models;

namespace ActorTrain.Host.Hosting;

/// <summary>SIGHUP during training: reloads the run file.</summary>
internal sealed class HangUpSignal : IDisposable
{
    private readonly RunFileReload file;
    private readonly ITrainingProgress progress;
    private readonly PosixSignalRegistration registration;

    public HangUpSignal(RunFileReload file, ITrainingProgress progress)
    {
        this.file = file;
        this.progress = progress;
        registration = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Handle);
    }

    public void Dispose() => registration.Dispose();

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        try
        {
            progress.Note(file.Apply());
        }
        catch (UserErrorException error)
        {
            progress.Warning(error.Message);
        }
    }
}
