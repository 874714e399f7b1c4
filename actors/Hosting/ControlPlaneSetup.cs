using System.Net;
using ActorTrain.Actors.ControlPlane;
using ActorTrain.Actors.Security;
using Akka.Actor.Setup;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.Hosting;

/// <summary>What the <see cref="ControlTransport"/> of an actor system works with.</summary>
public sealed class ControlPlaneSetup(PeerSecurity? security, ILogger logger, Action<string>? refused = null) : Setup
{
    /// <summary>Null for plain text.</summary>
    public PeerSecurity? Security => security;

    public ILogger Logger => logger;

    /// <summary>Told, in a sentence and of each reason rarely, why a process that was connected to is not accepted, or does not accept this
    /// one. Thread-safe, and must not throw.</summary>
    public Action<string> Refused { get; } = refused ?? (static _ => { });

    /// <summary>Where those listen that may connect, which then connect from the same address; null for whoever security admits.</summary>
    public IReadOnlyList<IPEndPoint>? Peers { get; init; }

    public ControlPlaneLimits Limits { get; init; } = new();
}
