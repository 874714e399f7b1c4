using System.Net;
using System.Net.Sockets;
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

    // Lists of positions and skips grow with the batch; vectors do not travel in messages.
    private const int LargestFrame = 4 << 20;

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

    /// <summary>Settings of an actor system that other processes send to: only registered messages, of bounded size, and only to the desk
    /// of the nodes or to whom has written to them.</summary>
    /// <param name="listenOn">Port 0 for any that is free.</param>
    public static Config Remote(IPEndPoint listenOn)
    {
        ArgumentNullException.ThrowIfNull(listenOn);
        return ConfigurationFactory.ParseString($$"""
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
                dot-netty.tcp {
                  enforce-ip-family = on
                  dns-use-ipv6 = {{(listenOn.AddressFamily == AddressFamily.InterNetworkV6 ? "on" : "off")}}
                  hostname = {{Quote(listenOn.Address.ToString())}}
                  port = {{listenOn.Port}}
                  maximum-frame-size = {{LargestFrame}}b
                  send-buffer-size = {{LargestFrame}}b
                  receive-buffer-size = {{LargestFrame}}b
                }
              }
            }
            """);
    }

    internal static string NameOf(Type type) => $"{type.FullName}, {type.Assembly.GetName().Name}";

    // Escapes text for HOCON and JSON.
    internal static string Quote(string text) =>
        "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
