using System.Data.Common;
using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Terms;

/// <summary>The table of who leads which run, in a journal's database. All times are by the database's clock.</summary>
/// <remarks>Not thread-safe. One connection is kept open, and opened again after a failure.</remarks>
public abstract class TermTable : IDisposable
{
    public const string Name = "run_terms";

    // Everything but a renewal happens once: it may take as long as it takes on a busy machine.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private DbConnection? open;

    /// <summary>Limit for one answer in the current call, in whole seconds.</summary>
    private protected int Limit { get; private set; }

    /// <summary>Whether only the holder of the run's lock can open the database, so that it needs no lease.</summary>
    public abstract bool IsExclusive { get; }

    /// <summary>The columns of elections: the control address of who leads, how the run ended, and the report of that.</summary>
    private protected abstract string ElectionColumns { get; }

    /// <summary>The current time, as it is stored.</summary>
    private protected abstract string Now { get; }

    /// <summary>Seconds since a stored time.</summary>
    private protected abstract string Since(string column);

    /// <summary>A stored time in words.</summary>
    private protected abstract string InWords(string column);

    /// <summary>Locks the row of a run until the end of the transaction; null: the transaction does.</summary>
    private protected abstract string? LockRow { get; }

    /// <summary>Who leads a run; null if nobody ever did.</summary>
    /// <exception cref="DbException">The database is unavailable.</exception>
    public TermHolder? Read(string run) => Try(database => HasTable(database) ? Read(database, null, run) : null);

    /// <summary>Takes a run over, if the one who leads it allows that.</summary>
    /// <param name="mayTake">Judges whoever leads, or led last.</param>
    /// <param name="control">See <see cref="TermHolder.Control"/>.</param>
    /// <returns>The former leader, null if there is none; and whether the run was taken over, under the next term.</returns>
    /// <exception cref="DbException">The database is unavailable.</exception>
    public (TermHolder? Former, bool IsTaken) Take(
        string run, string owner, string address, TimeSpan lease, Predicate<TermHolder> mayTake, string? control = null) =>
        Try(database =>
        {
            ArgumentNullException.ThrowIfNull(mayTake);
            if (!HasTable(database))
                CreateTable(database);
            using var transaction = database.BeginTransaction();
            Execute(database, transaction,
                $"INSERT INTO {Name} (run, term, address, lease) VALUES (@run, 0, '', 0) ON CONFLICT (run) DO NOTHING", ("run", run));
            if (LockRow is { } lockRow)
                Execute(database, transaction, lockRow, ("run", run));
            var former = Read(database, transaction, run)!;
            var isFirst = former.Number == 0;
            if (!isFirst && !mayTake(former))
                return (former, false);
            Execute(database, transaction,
                $"UPDATE {Name} SET term = term + 1, owner = @owner, address = @address, lease = @lease, taken = {Now}, renewed = {Now} "
                    + "WHERE run = @run",
                ("run", run), ("owner", owner), ("address", address), ("lease", lease.TotalSeconds));
            Elect(database, transaction, run, control);
            transaction.Commit();
            return (isFirst ? null : former, true);
        });

    /// <summary>Renews a lease.</summary>
    /// <param name="patience">Limit for one answer; rounded up to seconds.</param>
    /// <returns>Whether the term still is the newest one.</returns>
    /// <exception cref="DbException">The database is unavailable.</exception>
    public bool Renew(string run, long term, TimeSpan patience) => Try(database => Renew(database, run, term), patience);

    /// <summary>Allows the next process to take the run over without waiting.</summary>
    /// <param name="ending">How the run has ended for all control processes; null if it has not.</param>
    /// <exception cref="DbException">The database is unavailable.</exception>
    public void Release(string run, long term, TermEnding? ending = null) => Try(database =>
    {
        if (ending is not null)
            Conclude(database, run, term, ending);
        return Execute(
            database, null, $"UPDATE {Name} SET owner = NULL WHERE run = @run AND term = @term", ("run", run), ("term", term));
    });

    /// <summary>Has the database refuse decisions of a run that has a leader unless they bring its newest term. The journal's table must
    /// exist.</summary>
    /// <exception cref="DbException">The database is unavailable.</exception>
    public abstract void Fence();

    /// <summary>Whether an exception is that refusal.</summary>
    public abstract bool IsRefusal(Exception exception);

    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    private protected abstract bool Renew(DbConnection database, string run, long term);

    /// <summary>Records where whoever has just taken the term is reached, and that the run has not ended.</summary>
    private protected abstract void Elect(DbConnection database, DbTransaction transaction, string run, string? control);

    /// <summary>Records how the run ended under a term.</summary>
    private protected abstract void Conclude(DbConnection database, string run, long term, TermEnding ending);

    private protected abstract DbConnection Connect();

    private protected abstract bool HasTable(DbConnection database);

    private protected abstract void CreateTable(DbConnection database);

    private protected int Execute(DbConnection database, DbTransaction? transaction, string text,
        params ReadOnlySpan<(string Name, object Value)> values)
    {
        using var command = Command(database, transaction, text, values);
        return command.ExecuteNonQuery();
    }

    private protected object? Ask(DbConnection database, string text, params ReadOnlySpan<(string Name, object Value)> values)
    {
        using var command = Command(database, null, text, values);
        return command.ExecuteScalar();
    }

    private protected T Try<T>(Func<DbConnection, T> action, TimeSpan? patience = null)
    {
        Limit = (int)Math.Ceiling((patience ?? Patience).TotalSeconds);
        try
        {
            if (open is null)
            {
                open = Connect();
                open.Open();
            }

            return action(open);
        }
        catch
        {
            Close();
            throw;
        }
    }

    private TermHolder? Read(DbConnection database, DbTransaction? transaction, string run)
    {
        using var command = Command(database, transaction,
            $"SELECT term, owner, address, {InWords("taken")}, {Since("renewed")}, lease, {ElectionColumns} FROM {Name} "
                + "WHERE run = @run",
            ("run", run));
        using var rows = command.ExecuteReader();
        return !rows.Read() ? null : new TermHolder(
            rows.GetInt64(0), rows.IsDBNull(1) ? null : rows.GetString(1), rows.GetString(2), rows.IsDBNull(3) ? "" : rows.GetString(3),
            TimeSpan.FromSeconds(rows.IsDBNull(4) ? 0 : rows.GetDouble(4)), TimeSpan.FromSeconds(rows.GetDouble(5)))
        {
            Control = rows.IsDBNull(6) ? null : rows.GetString(6),
            Ending = rows.IsDBNull(7) ? null : new TermEnding(Enum.Parse<RunEnding>(rows.GetString(7)), rows.GetString(8)),
        };
    }

    private DbCommand Command(DbConnection database, DbTransaction? transaction, string text,
        params ReadOnlySpan<(string Name, object Value)> values)
    {
        var command = database.CreateCommand();
        (command.CommandText, command.Transaction, command.CommandTimeout) = (text, transaction, Limit);
        foreach (var (name, value) in values)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = ("@" + name, value);
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private void Close()
    {
        open?.Dispose();
        open = null;
    }
}
