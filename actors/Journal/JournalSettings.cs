using System.Globalization;
using Akka.Configuration;

namespace ActorTrain.Actors.Journal;

/// <summary>Where a journal is kept, as the settings of an actor system.</summary>
public static class JournalSettings
{
    /// <summary>The id under which the decisions of a run are kept.</summary>
    /// <param name="run">The run's name.</param>
    public static string PersistenceIdOf(string run) => "run-" + run;

    /// <summary>The serializer of decisions, for any journal.</summary>
    public static Config Serialization() => ConfigurationFactory.ParseString($$"""
        akka.actor {
          serializers.run-event = "{{NameOf(typeof(RunEventSerializer))}}"
          serialization-bindings {
            "{{NameOf(typeof(Persistence.Journal.RunEvent))}}" = run-event
          }
        }
        """);

    /// <summary>The SQL journal of Akka.Persistence.Sql, with the serializer.</summary>
    /// <param name="provider">Its name of the kind of database: <c>SQLite.MS</c> or <c>PostgreSQL.15</c>.</param>
    /// <param name="connection">The connection string.</param>
    /// <param name="timeout">How long the database may take for one answer, and how long it is left alone after it failed often.</param>
    public static Config Sql(string provider, string connection, TimeSpan timeout) => ConfigurationFactory.ParseString(string.Create(CultureInfo.InvariantCulture, $$"""
        akka.persistence.snapshot-store.plugin = "akka.persistence.no-snapshot-store"
        akka.persistence.journal {
          plugin = "akka.persistence.journal.sql"
          sql {
            provider-name = {{Quote(provider)}}
            connection-string = {{Quote(connection)}}
            auto-initialize = true
            recovery-event-timeout = {{(long)timeout.TotalMilliseconds}}ms
            circuit-breaker {
              call-timeout = {{(long)timeout.TotalMilliseconds}}ms
              reset-timeout = {{(long)timeout.TotalMilliseconds}}ms
            }
          }
        }
        """)).WithFallback(Serialization());

    private static string NameOf(Type type) => $"{type.FullName}, {type.Assembly.GetName().Name}";

    // As HOCON and JSON write text.
    private static string Quote(string text) => "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
