using System.Net;
using System.Net.Sockets;
using ActorTrain.Actors.ControlPlane;
using ActorTrain.Actors.Security;
using Akka.Actor;
using Akka.Configuration;
using Akka.Remote.Transport;

namespace ActorTrain.Actors.Hosting;

/// <summary>Carries the messages of Akka.Remote: its own transport knows neither TLS 1.3 nor certificates that are renewed, and tells of
/// every foreign connection.</summary>
/// <remarks>Reads <c>hostname</c> and <c>port</c>, and <c>listens</c>: a node is called by its name, and nobody connects to it. Two that
/// both listen may connect to each other at the same time; Akka.Remote uses both connections then.</remarks>
public sealed class ControlTransport : Transport
{
    private const string Scheme = "tcp";

    // Above the ports of services, since those numbers mean nothing.
    private const int LowestPort = 1024;

    private readonly TaskCompletionSource<IAssociationEventListener> listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ControlListener plane;
    private readonly LogThrottle refusals = new(TimeProvider.System);
    private readonly Action<string> refused;
    private Address? local;

    public ControlTransport(ActorSystem system, Config config)
    {
        ArgumentNullException.ThrowIfNull(system);
        (System, Config, SchemeIdentifier) = (system, config, Scheme);
        var given = system.Settings.Setup.Get<ControlPlaneSetup>();
        var setup = given.HasValue ? given.Value
            : throw new InvalidOperationException("The actor system has no setup of its control plane.");
        MaximumPayloadBytes = setup.Limits.LongestFrame;
        plane = new ControlListener(setup.Security, setup.Peers, setup.Limits, setup.Logger, TimeProvider.System);
        refused = setup.Refused;
    }

    /// <summary>The address of an actor system that listens there.</summary>
    public static Address AddressOf(string system, IPEndPoint listensOn)
    {
        ArgumentNullException.ThrowIfNull(listensOn);
        return new Address($"akka.{Scheme}", system, ControlListener.HostOf(listensOn.Address), listensOn.Port);
    }

    public override Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen()
    {
        var (host, port) = (Config.GetString("hostname"), Config.GetInt("port"));
        if (Config.GetBoolean("listens"))
        {
            var bound = plane.Listen(new IPEndPoint(IPAddress.Parse(host), port));
            (host, port) = (ControlListener.HostOf(bound.Address), bound.Port);
            listening.Task.ContinueWith(ready => plane.AcceptAll(link => ready.Result.Notify(new InboundAssociation(link))),
                CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        }
        else
        {
            port = Random.Shared.Next(LowestPort, ushort.MaxValue);
        }

        plane.Local = local = new Address(SchemeIdentifier, System.Name, host, port);
        return Task.FromResult((local, listening));
    }

    public override bool IsResponsibleFor(Address remote) => true;

    public override async Task<AssociationHandle> Associate(Address remoteAddress)
    {
        ArgumentNullException.ThrowIfNull(remoteAddress);
        if (!IPAddress.TryParse(remoteAddress.Host, out var address) || remoteAddress.Port is not { } port)
            throw new InvalidAssociationException($"{remoteAddress.Host} accepts no connections.");
        try
        {
            return await plane.Connect(new IPEndPoint(address, port), remoteAddress).ConfigureAwait(false);
        }
        catch (ControlLinkException exception)
        {
            if (refusals.Logs(exception.Message, out _))
                refused(exception.Message);
            throw new InvalidAssociationException(exception.Message, exception);
        }
        catch (Exception exception) when (exception is SocketException or IOException or OperationCanceledException)
        {
            throw new InvalidAssociationException($"{address}:{port} does not answer: {exception.Message}", exception);
        }
    }

    public override Task<bool> Shutdown()
    {
        plane.Dispose();
        return Task.FromResult(true);
    }
}
