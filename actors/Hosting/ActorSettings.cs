using System.Globalization;
using System.Net;
using ActorTrain.Actors.Election;
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

    /// <summary>Path of the settings of leases.</summary>
    internal const string LeaseSettings = "actortrain.postgres-lease";

    /// <summary>Threads, serialization and logging.</summary>
    public static Config All { get; } = ConfigurationFactory.ParseString($$"""
        {{PinnedDispatcher}} { type = PinnedDispatcher }
        akka {
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
        """).WithFallback(Quiet);

    // Who ends, and what is logged, is decided by the process.
    private static Config Quiet => ConfigurationFactory.ParseString("""
        akka {
          stdout-loglevel = OFF
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          coordinated-shutdown.run-by-clr-shutdown-hook = off
        }
        """);

    // For every actor system that others send to: messages of registered types only.
    private static Config Connected(string host, int port, bool listens) => ConfigurationFactory.ParseString($$"""
        akka {
          actor {
            serialization-settings.allow-unregistered-types = false
            serializers.json = {{Quote(NameOf(typeof(RefusingSerializer)))}}
          }
          remote {
            log-remote-lifecycle-events = off
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

    // Messages of bounded size, and only to the desk of the nodes or to whom has written to them.
    private static Config Remote(string host, int port, bool listens) => ConfigurationFactory.ParseString($$"""
            akka {
              loglevel = WARNING
              actor {
                provider = remote
              }
              remote {
                untrusted-mode = on
                trusted-selection-paths = ["/user/{{NodeProtocol.Desk}}"]
              }
            }
            """).WithFallback(Connected(host, port, listens));

    /// <summary>Settings of the actor system in which control processes elect the one that leads. Nothing of a run is sent there.
    /// It needs a <see cref="ControlPlaneSetup"/>.</summary>
    /// <remarks>Lost processes are detected in <see cref="ControlHostOptions.Timeout"/>, taken for lost 2 to 3 s later, and replaced 0.5 s
    /// after that: what a process may still do that is taken for lost and lives is refused by the terms of the run.</remarks>
    internal static Config Control(ControlHostOptions options) => ConfigurationFactory.ParseString(string.Create(
        CultureInfo.InvariantCulture, $$"""
        {{LeaseSettings}} {
          lease-class = {{Quote(NameOf(typeof(PostgresLease)))}}
          heartbeat-timeout = 3s
          heartbeat-interval = 500ms
          lease-operation-timeout = 3s
        }
        akka {
          loglevel = OFF
          coordinated-shutdown.exit-clr = off

          # Little costs more at rest than a scheduler that looks around every 10 ms.
          scheduler.tick-duration = 50ms
          actor {
            provider = cluster
            internal-dispatcher {
              executor = fork-join-executor
              dedicated-thread-pool.thread-count = 2
            }
          }
          remote {
            default-remote-dispatcher {
              executor = fork-join-executor
              dedicated-thread-pool.thread-count = 2
            }
          }
          cluster {
            log-info = off
            downing-provider-class = "Akka.Cluster.SBR.SplitBrainResolverProvider, Akka.Cluster"
            retry-unsuccessful-join-after = 1s
            seed-node-timeout = 1s
            gossip-interval = 200ms
            leader-actions-interval = 200ms
            unreachable-nodes-reaper-interval = 200ms
            periodic-tasks-initial-delay = 200ms
            down-removal-margin = 500ms
            failure-detector {
              heartbeat-interval = 250ms
              acceptable-heartbeat-pause = {{options.Timeout.TotalMilliseconds:0}}ms
              min-std-deviation = 100ms
            }
            singleton.hand-over-retry-interval = 200ms
            split-brain-resolver {
              active-strategy = lease-majority
              stable-after = 2s
              down-all-when-unstable = off
              lease-majority {
                lease-implementation = {{Quote(LeaseSettings)}}
                lease-name = {{Quote(options.Run + " majority")}}
                acquire-lease-delay-for-minority = 1s
              }
            }
          }
        }
        """))
        .WithFallback(Connected($"{options.Address.Address}", options.Address.Port, listens: true)).WithFallback(Quiet);

    internal static string NameOf(Type type) => $"{type.FullName}, {type.Assembly.GetName().Name}";

    // Escapes text for HOCON and JSON.
    internal static string Quote(string text) =>
        "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
