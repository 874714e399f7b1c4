using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Wire;
using ActorTrain.Persistence.Journal;
using Akka.Configuration;

namespace ActorTrain.Actors.Hosting;

/// <summary>What the actors of a run need of the settings of their actor system.</summary>
public static class ActorSettings
{
    /// <summary>The dispatcher of actors that compute or block: each has a thread of its own.</summary>
    internal const string PinnedDispatcher = "actortrain.pinned-dispatcher";

    /// <summary>Threads, how messages travel between processes and decisions into a journal, and what is not logged.</summary>
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
        {{string.Join('\n', WireForms.Types.Select(static type => $"      {Quote(NameOf(type))} = actortrain"))}}
            }
          }
        }
        """);

    internal static string NameOf(Type type) => $"{type.FullName}, {type.Assembly.GetName().Name}";

    // As HOCON and JSON write text.
    internal static string Quote(string text) =>
        "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
