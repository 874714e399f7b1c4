#nullable enable
using System.Data.Common;
using Akka.Configuration;

namespace Akka.Persistence.Sql.Storage;

/// <summary>Which tables a session needs.</summary>
internal enum SqlTables
{
    Journal,
    Snapshot,
}

/// <summary>One open connection and what differs between the databases: how to open it, the tables' definitions, how to insert many
/// rows.</summary>
/// <remarks>The tables are those of Akka.Persistence.Sql's default mapping, type by type, so that either program can open what the other wrote.
/// A session is used by one thread at a time.</remarks>
internal abstract class SqlSession : IDisposable
{
    protected SqlSession(DbConnection connection) => Connection = connection;

    public DbConnection Connection { get; }

    /// <summary>Whether the connection has died and another one must be opened.</summary>
    public virtual bool IsLost => Connection.State != System.Data.ConnectionState.Open;

    /// <summary>Inserts events and their tags in the order given.</summary>
    public abstract void Insert(DbTransaction transaction, IReadOnlyList<JournalRow> rows);

    /// <summary>How to open sessions of one database.</summary>
    /// <param name="providerName">A provider's name as LinqToDB has it, e.g. <c>SQLite.MS</c> or <c>PostgreSQL.15</c>.</param>
    /// <param name="connectionString">The connection string, in the provider's terms.</param>
    /// <param name="tables">Which tables are needed.</param>
    /// <param name="create">Whether to create those that are missing.</param>
    /// <exception cref="ConfigurationException">The provider is unknown or the connection string is empty.</exception>
    public static Func<SqlSession> Opener(string? providerName, string? connectionString, SqlTables tables, bool create)
    {
        if (string.IsNullOrWhiteSpace(connectionString))
            throw new ConfigurationException($"The SQL {tables} plugin needs the key connection-string.");
        if (providerName?.StartsWith("SQLite", StringComparison.Ordinal) == true)
            return () => SqliteSession.Open(connectionString, tables, create);
        if (providerName?.StartsWith("PostgreSQL", StringComparison.Ordinal) == true)
            return () => PostgreSqlSession.Open(connectionString, tables, create);
        throw new ConfigurationException($"The SQL {tables} plugin's provider-name '{providerName}' is unknown; use SQLite.MS or PostgreSQL.15.");
    }

    /// <summary>Ends a transaction that was committed, or is to be taken back.</summary>
    public virtual void End(DbTransaction transaction, bool isCommitted) => transaction.Dispose();

    public virtual void Dispose()
    {
        Connection.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>A command with its parameters, named <c>@…</c> in the text.</summary>
    public DbCommand Command(DbTransaction? transaction, string text, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = Connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // Every text is a constant of this folder.
        command.CommandText = text;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }

        return command;
    }

    public int Execute(DbTransaction? transaction, string text, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(transaction, text, parameters);
        return command.ExecuteNonQuery();
    }
}
