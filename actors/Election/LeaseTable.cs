using Npgsql;

namespace ActorTrain.Actors.Election;

/// <summary>The table of leases in a PostgreSQL database. All times are by the database's clock.</summary>
/// <remarks>Not thread-safe. One connection is kept open, and opened again after a failure.</remarks>
public sealed class LeaseTable : IAsyncDisposable
{
    public const string Name = "control_leases";

    // Of the advisory lock under which the table is made: made at the same time by two, one of them fails.
    private const long MakingLock = 7302;

    private readonly string connection;
    private NpgsqlConnection? open;

    /// <param name="patience">Limit for one answer; rounded up to seconds.</param>
    public LeaseTable(string connection, TimeSpan patience)
    {
        var limit = (int)Math.Ceiling(patience.TotalSeconds);

        // A server that does not answer would not cancel anything either.
        this.connection = new NpgsqlConnectionStringBuilder(connection)
        {
            Pooling = false,
            Timeout = limit,
            CommandTimeout = limit,
            CancellationTimeout = -1,
        }.ConnectionString;
    }

    /// <summary>Takes a lease that nobody else holds, or renews it.</summary>
    /// <param name="duration">How long a renewal counts.</param>
    /// <param name="isDead">Whether an owner is known to renew nothing any more.</param>
    /// <exception cref="System.Data.Common.DbException">The database is unavailable.</exception>
    public async Task<bool> Acquire(string lease, string owner, TimeSpan duration, Predicate<string> isDead)
    {
        ArgumentNullException.ThrowIfNull(isDead);
        return await Acquire(lease, owner, duration).ConfigureAwait(false)
            || (await OwnerOf(lease).ConfigureAwait(false) is { } other && isDead(other)
                && await Release(lease, other).ConfigureAwait(false)
                && await Acquire(lease, owner, duration).ConfigureAwait(false));
    }

    /// <summary>Who holds a lease, or held it last without releasing it; null if nobody does.</summary>
    /// <exception cref="System.Data.Common.DbException">The database is unavailable.</exception>
    public Task<string?> OwnerOf(string lease) => Ask(async database =>
    {
        using var command = new NpgsqlCommand($"SELECT owner FROM {Name} WHERE lease = @lease", database);
        command.Parameters.AddWithValue("lease", lease);
        return await command.ExecuteScalarAsync().ConfigureAwait(false) as string;
    });

    private Task<bool> Acquire(string lease, string owner, TimeSpan duration) => Execute(
        $"""
        INSERT INTO {Name} AS held (lease, owner, renewed, seconds) VALUES (@lease, @owner, clock_timestamp(), @seconds)
        ON CONFLICT (lease) DO UPDATE SET owner = @owner, renewed = clock_timestamp(), seconds = @seconds
        WHERE held.owner IS NULL OR held.owner = @owner OR held.renewed < clock_timestamp() - make_interval(secs => held.seconds)
        """,
        ("lease", lease), ("owner", owner), ("seconds", duration.TotalSeconds));

    /// <summary>Renews a lease that nobody else has had since it was taken.</summary>
    /// <exception cref="System.Data.Common.DbException">The database is unavailable.</exception>
    public Task<bool> Renew(string lease, string owner) => Execute(
        $"UPDATE {Name} SET renewed = clock_timestamp() WHERE lease = @lease AND owner = @owner", ("lease", lease), ("owner", owner));

    /// <summary>Allows others to take it without waiting.</summary>
    /// <returns>Whether it was held.</returns>
    /// <exception cref="System.Data.Common.DbException">The database is unavailable.</exception>
    public Task<bool> Release(string lease, string owner) => Execute(
        $"UPDATE {Name} SET owner = NULL WHERE lease = @lease AND owner = @owner", ("lease", lease), ("owner", owner));

    public ValueTask DisposeAsync()
    {
        var (closing, nothing) = (open, ValueTask.CompletedTask);
        open = null;
        return closing?.DisposeAsync() ?? nothing;
    }

    private Task<bool> Execute(string text, params (string Name, object Value)[] values) => Ask(async database =>
    {
        using var command = new NpgsqlCommand(text, database);
        foreach (var (name, value) in values)
            command.Parameters.AddWithValue(name, value);
        return await command.ExecuteNonQueryAsync().ConfigureAwait(false) == 1;
    });

    private async Task<T> Ask<T>(Func<NpgsqlConnection, Task<T>> ask)
    {
        try
        {
            if (open is null)
            {
                open = new NpgsqlConnection(connection);
                await open.OpenAsync().ConfigureAwait(false);
                await Create(open).ConfigureAwait(false);
            }

            return await ask(open).ConfigureAwait(false);
        }
        catch
        {
            await DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task Create(NpgsqlConnection database)
    {
        using var exists = new NpgsqlCommand($"SELECT to_regclass('{Name}') IS NOT NULL", database);
        if (await exists.ExecuteScalarAsync().ConfigureAwait(false) is true)
            return;
        using var create = new NpgsqlCommand($"""
            SELECT pg_advisory_xact_lock({MakingLock});
            CREATE TABLE IF NOT EXISTS {Name} (
              lease text PRIMARY KEY, owner text, renewed timestamptz NOT NULL, seconds float8 NOT NULL);
            """, database);
        await create.ExecuteNonQueryAsync().ConfigureAwait(false);
    }
}
