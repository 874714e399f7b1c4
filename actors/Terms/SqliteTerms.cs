using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace ActorTrain.Actors.Terms;

/// <summary>Terms in a SQLite database, which belongs to the holder of the run's lock.</summary>
public sealed class SqliteTerms(string connection) : TermTable
{
    private const string Refused = "actortrain: the run has a newer term";

    public override bool IsExclusive => true;

    // The process that holds the lock of the run's folder leads; nobody is elected.
    private protected override string ElectionColumns => "NULL, NULL, NULL";

    private protected override void Elect(DbConnection database, DbTransaction transaction, string run, string? control)
    {
    }

    private protected override void Conclude(DbConnection database, string run, long term, TermEnding ending)
    {
    }

    private protected override string Now => "julianday('now')";

    private protected override string? LockRow => null;

    // Nothing is written: a lease that nobody waits for needs no renewal.
    private protected override bool Renew(DbConnection database, string run, long term) =>
        Ask(database, $"SELECT 1 FROM {Name} WHERE run = @run AND term = @term", ("run", run), ("term", term)) is not null;

    public override void Fence() => Try(database => Execute(database, null, $"""
        CREATE TRIGGER IF NOT EXISTS run_terms_fence_1 BEFORE INSERT ON journal
        WHEN substr(NEW.persistence_id, 1, 4) = 'run-' AND EXISTS (
          SELECT 1 FROM {Name}
          WHERE run = substr(NEW.persistence_id, 5) AND coalesce(NEW.manifest, '') NOT LIKE '% % ' || term)
        BEGIN SELECT RAISE(ABORT, '{Refused}'); END
        """));

    public override bool IsRefusal(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception.GetBaseException() is SqliteException refusal && refusal.Message.Contains(Refused, StringComparison.Ordinal);
    }

    private protected override string Since(string column) => $"(julianday('now') - {column}) * 86400.0";

    private protected override string InWords(string column) => $"strftime('%Y-%m-%d %H:%M:%SZ', {column})";

    private protected override DbConnection Connect() => new SqliteConnection($"{connection};Pooling=False");

    private protected override bool HasTable(DbConnection database) =>
        Ask(database, "SELECT 1 FROM sqlite_master WHERE name = @name", ("name", Name)) is not null;

    private protected override void CreateTable(DbConnection database) => Execute(database, null, $"""
        PRAGMA journal_mode = WAL;
        CREATE TABLE IF NOT EXISTS {Name} (
          run TEXT PRIMARY KEY, term INTEGER NOT NULL, owner TEXT, address TEXT NOT NULL, taken REAL, renewed REAL, lease REAL NOT NULL)
        """);
}
