using System.Data.Common;
using Npgsql;

namespace ActorTrain.Actors.Terms;

/// <summary>Terms in PostgreSQL.</summary>
public sealed class PostgresTerms(string connection) : TermTable
{
    private const string Refused = "AT001";
    private const string Trigger = "run_terms_fence_1";

    // Of the advisory lock under which tables are made: made at the same time by two, one of them fails.
    private const long MakingLock = 7301;

    // A takeover changes the row, for which it waits until writes that hold it shared are done, and they for it.
    private const string FenceText = $"""
        CREATE OR REPLACE FUNCTION {Trigger}() RETURNS trigger LANGUAGE plpgsql AS $fence$
        DECLARE newest bigint;
        BEGIN
          IF left(NEW.persistence_id, 4) = 'run-' THEN
            SELECT term INTO newest FROM {Name} WHERE run = substr(NEW.persistence_id, 5) FOR SHARE;
            IF FOUND AND coalesce(NEW.manifest, '') NOT LIKE '% % ' || newest THEN
              RAISE EXCEPTION 'the newest term of % is %, and a decision has the manifest %', NEW.persistence_id, newest, NEW.manifest
                USING ERRCODE = '{Refused}';
            END IF;
          END IF;
          RETURN NEW;
        END $fence$;
        CREATE TRIGGER {Trigger} BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION {Trigger}();
        """;

    public override bool IsExclusive => false;

    private protected override string ElectionColumns => "control, ending, report";

    private protected override void Elect(DbConnection database, DbTransaction transaction, string run, string? control) => Execute(
        database, transaction, $"UPDATE {Name} SET control = nullif(@control, ''), ending = NULL, report = NULL WHERE run = @run",
        ("run", run), ("control", control ?? ""));

    private protected override void Conclude(DbConnection database, string run, long term, TermEnding ending) => Execute(
        database, null, $"UPDATE {Name} SET ending = @ending, report = @report WHERE run = @run AND term = @term",
        ("run", run), ("term", term), ("ending", $"{ending.How}"), ("report", ending.Report));

    private protected override string Now => "clock_timestamp()";

    private protected override string? LockRow => $"SELECT term FROM {Name} WHERE run = @run FOR UPDATE";

    private protected override bool Renew(DbConnection database, string run, long term) => Execute(
        database, null, $"UPDATE {Name} SET renewed = {Now} WHERE run = @run AND term = @term", ("run", run), ("term", term)) == 1;

    public override void Fence() => Try(database =>
    {
        using var transaction = Make(database);
        if (Ask(database, $"SELECT 1 FROM pg_trigger WHERE tgname = '{Trigger}' AND tgrelid = 'journal'::regclass") is null)
            Execute(database, transaction, FenceText);
        transaction.Commit();
        return true;
    });

    public override bool IsRefusal(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception.GetBaseException() is PostgresException { SqlState: Refused };
    }

    private protected override string Since(string column) => $"extract(epoch FROM clock_timestamp() - {column})::float8";

    private protected override string InWords(string column) => $"to_char({column} AT TIME ZONE 'utc', 'YYYY-MM-DD HH24:MI:SS\"Z\"')";

    // A server that does not answer would not cancel anything either.
    private protected override DbConnection Connect() => new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connection)
    {
        Pooling = false,
        Timeout = Limit,
        CancellationTimeout = -1,
    }.ConnectionString);

    private protected override bool HasTable(DbConnection database) => Ask(
        database, $"SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('{Name}') AND attname = 'report'") is not null;

    private protected override void CreateTable(DbConnection database)
    {
        using var transaction = Make(database);
        Execute(database, transaction, $"""
            CREATE TABLE IF NOT EXISTS {Name} (
              run text PRIMARY KEY, term bigint NOT NULL, owner text, address text NOT NULL, taken timestamptz, renewed timestamptz,
              lease float8 NOT NULL);
            ALTER TABLE {Name} ADD COLUMN IF NOT EXISTS control text, ADD COLUMN IF NOT EXISTS ending text,
              ADD COLUMN IF NOT EXISTS report text;
            """);
        transaction.Commit();
    }

    private DbTransaction Make(DbConnection database)
    {
        var transaction = database.BeginTransaction();
        Execute(database, transaction, $"SELECT pg_advisory_xact_lock({MakingLock})");
        return transaction;
    }
}
