using System.Net;
using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Wire;
using ActorTrain.Persistence.Journal;
using Akka.Configuration;

namespace ActorTrain.Actors.Hosting;

/// <summary>Settings of the actor system that the actors of a run need.</summary>
public static class ActorSettings
{
    /// <summary>For actors that compute or block: a thread of its own for each.</summary>
    internal const string PinnedDispatcher = "actortrain.pinned-dispatcher";

    /// <summary>Threads, serialization and logging.</summary>
    public static Config All { get; } = ConfigurationFactory.ParseString($$"""
        {{PinnedDispatcher}} { type = PinnedDispatcher }
        akka {
          stdout-loglevel = OFF
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          coordinated-shutdown.run-by-clr-shutdown-hook = off
          actor {
            serializers {
              actortrain = {{Quote(NameOf(typeof(ProtocolSerializer)))}}
              run-event = {{Quote(NameOf(typeof(RunEventSerializer)))}}
            }
            serialization-bindings {
              {{Quote(NameOf(typeof(RunEvent)))}} = run-event
              {{Quote(NameOf(typeof(TermedDecision)))}} = run-event
        {{string.Join('\n', WireForms.Types.Select(static type => $"      {Quote(NameOf(type))} = actortrain"))}}
            }
          }
        }
        """);

    /// <summary>Settings of an actor system that other processes connect to. It needs a <see cref="ControlPlaneSetup"/>.</summary>
    /// <param name="listenOn">Port 0 for any that is free.</param>
    public static Config Remote(IPEndPoint listenOn)
    {
        ArgumentNullException.ThrowIfNull(listenOn);
        return Remote(listenOn.Address.ToString(), listenOn.Port, listens: true);
    }

    /// <summary>Settings of an actor system that connects to others, but that nobody connects to. It needs a
    /// <see cref="ControlPlaneSetup"/>.</summary>
    /// <param name="name">The host in its address.</param>
    public static Config Remote(string name) => Remote(name, 0, listens: false);

    // Only registered messages, of bounded size, and only to the desk of the nodes or to whom has written to them.
    private static Config Remote(string host, int port, bool listens) => ConfigurationFactory.ParseString($$"""
            akka {
              loglevel = WARNING
              actor {
                provider = remote
                serialization-settings.allow-unregistered-types = false
                serializers.json = {{Quote(NameOf(typeof(RefusingSerializer)))}}
              }
              remote {
                log-remote-lifecycle-events = off
                untrusted-mode = on
                trusted-selection-paths = ["/user/{{NodeProtocol.Desk}}"]
                retry-gate-closed-for = 300ms
                enabled-transports = ["akka.remote.actortrain"]
                actortrain {
                  transport-class = {{Quote(NameOf(typeof(ControlTransport)))}}
                  hostname = {{Quote(host)}}
                  port = {{port}}
                  listens = {{(listens ? "on" : "off")}}
                }
              }
            }
            """);

    internal static string NameOf(Type type) => $"{type.FullName}, {type.Assembly.GetName().Name}";

    // Escapes text for HOCON and JSON.
    internal static string Quote(string text) =>
        "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
