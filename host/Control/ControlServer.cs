using System.Net.Sockets;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;
using ActorTrain.Persistence.Terms;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Host.Control;

/// <summary>Serves <see cref="ControlApi"/> at the control socket of a run in training: ASP.NET Core, without its console, configuration,
/// signals and TCP ports.</summary>
internal sealed class ControlServer : IDisposable
{
    private readonly RunDirectory run;
    private readonly WebApplication application;
    private readonly Task starting;
    private readonly TimeSpan patience;
    private bool isOver;

    /// <summary>Once it is lost, the socket is that of another process.</summary>
    public RunTerm Term { get; init; } = RunTerm.None;

    /// <summary>Listens, and starts to answer in the background.</summary>
    /// <param name="run">This process must hold its lock.</param>
    /// <param name="patience">How long to wait for a silent client, and for pending answers on disposal; null for
    /// <see cref="ControlApi.Patience"/>.</param>
    /// <exception cref="UserErrorException">The socket cannot be created.</exception>
    public ControlServer(RunDirectory run, ControlRoutes routes, ILoggerFactory log, TimeSpan? patience = null)
    {
        this.run = run;
        this.patience = patience ?? ControlApi.Patience;
        var socket = ControlSocket.Listen(run);
        application = Build(socket, routes, log);

        // Training does not wait for the server; early connections are queued.
        starting = Task.Run(() => Start(log.CreateLogger<ControlServer>()));
    }

    /// <summary>Removes the socket, completes pending answers, and closes all connections.</summary>
    public void Dispose()
    {
        if (isOver)
            return;
        isOver = true;
        if (!Term.Lost.IsCancellationRequested)
            File.Delete(run.ControlSocket);

        // An answer that hangs does not block the process: Kestrel abandons it, and what it may still use is not freed. Nor does a failed
        // shutdown.
        Task.WhenAny(Task.Run(Stop)).Wait(patience + TimeSpan.FromSeconds(5));
    }

    // Training continues without its control API.
    private async Task Start(ILogger log)
    {
        try
        {
            await application.StartAsync().ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever it is, it is logged.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            log.LogError(exception, "The control API did not start");
        }
    }

    private async Task Stop()
    {
        await starting.ConfigureAwait(false);
        using var end = new CancellationTokenSource(patience);
        await application.StopAsync(end.Token).ConfigureAwait(false);
        await application.DisposeAsync().ConfigureAwait(false);
    }

    private WebApplication Build(Socket socket, ControlRoutes routes, ILoggerFactory log)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = Path.GetFullPath(run.Path) });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(log);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<SocketTransportOptions>(transport => transport.CreateBoundListenSocket = _ => socket);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = ControlApi.MaximumConnections;
            kestrel.Limits.MaxRequestBodySize = ControlApi.LongestBody;
            kestrel.Limits.KeepAliveTimeout = patience;
            kestrel.Limits.RequestHeadersTimeout = patience;
            kestrel.Listen(new UnixDomainSocketEndPoint(RunDirectory.ControlSocketName), static listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(static next => connection => Admit(connection, next));
            });
        });
        var built = builder.Build();
        routes.Map(built);
        return built;
    }

    // The mode of the socket keeps other users out; this also holds if the mode was changed.
    private static Task Admit(ConnectionContext connection, ConnectionDelegate next)
    {
        if (connection.Features.Get<IConnectionSocketFeature>() is { Socket: var socket } && ControlSocket.IsOwn(socket))
            return next(connection);
        connection.Abort();
        return Task.CompletedTask;
    }

    /// <summary>Here the run handles signals and ends the process.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
