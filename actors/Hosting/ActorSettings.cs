using ActorTrain.Actors.Journal;
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

    internal static string NameOf(Type type) => $"{type.FullName}, {type.Assembly.GetName().Name}";

    // Escapes text for HOCON and JSON.
    internal static string Quote(string text) =>
        "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
