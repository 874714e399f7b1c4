using System.Runtime.InteropServices;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Progress;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Control;

/// <summary>The ways in which a run is spoken to while it goes on: its control socket, and SIGHUP, which reads the run file again.</summary>
internal sealed class LiveControls : IDisposable
{
    private readonly RunFileReload reload;
    private readonly ITrainingProgress progress;
    private readonly ControlServer server;
    private readonly PosixSignalRegistration signal;

    /// <summary>Begins to listen.</summary>
    /// <param name="run">The run, whose lock this process holds.</param>
    /// <param name="request">How it was started.</param>
    /// <param name="configuration">The configuration it was started with.</param>
    /// <param name="control">The run itself.</param>
    /// <param name="progress">Told what came of a SIGHUP; takes calls from any thread.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="UserErrorException">The socket cannot be made.</exception>
    public LiveControls(
        RunDirectory run, PretrainRequest request, RunConfiguration configuration, IRunControl control, ITrainingProgress progress, TimeProvider time)
    {
        this.progress = progress;
        reload = new RunFileReload(request.RunFile, request.Overrides, configuration, control.Scale);
        server = new ControlServer(run, control, configuration.Training.Lanes, reload.Apply, time);
        signal = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Hear);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        signal.Dispose();
        server.Dispose();
    }

    /// <summary>Reads the run file again and says what came of it.</summary>
    internal void Reload()
    {
        try
        {
            progress.Note(reload.Apply());
        }
        catch (UserErrorException error)
        {
            progress.Warning(error.Message);
        }
    }

    private void Hear(PosixSignalContext context)
    {
        context.Cancel = true;
        Reload();
    }
}
