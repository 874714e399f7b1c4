using ActorTrain.Tests.Databases;
using Akka.Configuration;

namespace ActorTrain.Platform.Tests.Persistence;

/// <summary>Where events and snapshots are kept.</summary>
public enum StoreKind
{
    Memory,
    Sqlite,
    PostgreSql,
}

/// <summary>A store of its own for one test, which outlives actor systems.</summary>
public sealed class Store : IDisposable
{
    private readonly string? folder;

    public Store(StoreKind kind)
    {
        Kind = kind;
        switch (kind)
        {
            case StoreKind.Sqlite:
                folder = Directory.CreateTempSubdirectory("actortrain-journal-").FullName;
                ConnectionString = $"Data Source={Path.Combine(folder, "journal.db")}";
                break;
            case StoreKind.PostgreSql:
                ConnectionString = PostgresServer.Shared.NewDatabase();
                break;
        }
    }

    public StoreKind Kind { get; }

    public string ConnectionString { get; } = "";

    /// <summary>A persistence id that no other test has: the journal in memory is shared by all.</summary>
    public string Id { get; } = Guid.NewGuid().ToString("N");

    /// <summary>The configuration of an actor system on this store.</summary>
    public Config Config => ConfigurationFactory.ParseString(Kind == StoreKind.Memory
        ? InMemory
        : Sql(ConnectionString, Kind == StoreKind.Sqlite ? "SQLite.MS" : "PostgreSQL.15"));

    private static string InMemory => $$"""
        akka.loglevel = OFF
        akka.persistence.journal {
          plugin = akka.persistence.journal.shared
          shared {
            class = "{{typeof(FaultyMemoryJournal).AssemblyQualifiedName}}"
            plugin-dispatcher = "akka.actor.default-dispatcher"
          }
        }
        akka.persistence.snapshot-store.plugin = akka.persistence.snapshot-store.inmem
        """;

    /// <summary>The configuration of a journal and a snapshot store in SQL.</summary>
    public static string Sql(string connectionString, string provider) => $$"""
        akka.loglevel = OFF
        akka.persistence.journal {
          plugin = akka.persistence.journal.sql
          sql {
            class = "{{typeof(FaultySqlJournal).AssemblyQualifiedName}}"
            connection-string = "{{connectionString}}"
            provider-name = "{{provider}}"
          }
        }
        akka.persistence.snapshot-store {
          plugin = akka.persistence.snapshot-store.sql
          sql {
            class = "Akka.Persistence.Sql.Snapshot.SqlSnapshotStore, Akka.Persistence.Sql"
            connection-string = "{{connectionString}}"
            provider-name = "{{provider}}"
          }
        }
        """;

    public void Dispose()
    {
        if (folder is not null)
            Directory.Delete(folder, recursive: true);
    }
}
