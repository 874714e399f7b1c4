using Akka.Configuration;

namespace Akka.Actor;

/// <summary>Gives an actor system its <see cref="CoordinatedShutdown"/>.</summary>
public sealed class CoordinatedShutdownExtension : ExtensionIdProvider<CoordinatedShutdown>
{
    /// <inheritdoc/>
    public override CoordinatedShutdown CreateExtension(ExtendedActorSystem system)
    {
        var config = system.Settings.Config.GetConfig("akka.coordinated-shutdown")
            ?? throw new ConfigurationException("akka.coordinated-shutdown config cannot be empty");
        var shutdown = new CoordinatedShutdown(system, config);
        var processExit = new ProcessExit(shutdown);
        if (config.GetBoolean("run-by-clr-shutdown-hook"))
            processExit.RunBefore();
        var terminate = config.GetBoolean("terminate-actor-system");
        var exit = config.GetBoolean("exit-clr");
        if (terminate || exit)
        {
            shutdown.AddTask(
                CoordinatedShutdown.PhaseActorSystemTerminate, "terminate-system", () => TerminateAsync(shutdown, processExit, terminate, exit));
        }

        return shutdown;
    }

    private static async Task<Done> TerminateAsync(CoordinatedShutdown shutdown, ProcessExit processExit, bool terminate, bool exit)
    {
        if (terminate)
        {
            ((ActorSystemImpl)shutdown.System).FinalTerminate();
            var terminated = shutdown.System.WhenTerminated;
            if (exit)
                await Task.WhenAny(terminated, Task.Delay(shutdown.Timeout(CoordinatedShutdown.PhaseActorSystemTerminate))).ConfigureAwait(false);
            else
                await terminated.ConfigureAwait(false);
        }

        if (exit)
            processExit.Begin();
        return Done.Instance;
    }

    /// <summary>The end of the process: what it waits for, and the way to bring it about.</summary>
    private sealed class ProcessExit(CoordinatedShutdown shutdown)
    {
        private volatile bool begun;

        public void RunBefore()
        {
            AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
            shutdown.System.WhenTerminated.ContinueWith(_ => AppDomain.CurrentDomain.ProcessExit -= OnProcessExit, TaskScheduler.Default);
        }

        public void Begin()
        {
            // Off this thread: the exit waits for the shutdown, which this thread is a part of.
            if (!begun)
                Task.Run(() => Environment.Exit(shutdown.ShutdownReason.ExitCode));
        }

        private void OnProcessExit(object sender, EventArgs e)
        {
            begun = true;
            shutdown.Run(CoordinatedShutdown.ClrExitReason.Instance).Wait(shutdown.TotalTimeout);
        }
    }
}
