using Akka.Actor;
using Akka.Configuration;

namespace Akka.Persistence.Sql;

/// <summary>Journal and snapshot store in an SQL database: <c>akka.persistence.journal.sql</c> and
/// <c>akka.persistence.snapshot-store.sql</c>.</summary>
public static class SqlPersistence
{
    /// <summary>The path of the journal's configuration.</summary>
    public const string JournalConfigPath = "akka.persistence.journal.sql";

    /// <summary>The path of the snapshot store's configuration.</summary>
    public const string SnapshotStoreConfigPath = "akka.persistence.snapshot-store.sql";

    /// <summary>The defaults of both; fallback of an actor system's configuration.</summary>
    public static readonly Config DefaultConfiguration = Akka.Persistence.Persistence.DefaultConfig();
}
