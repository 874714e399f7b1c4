using System.Data.Common;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ActorTrain.Actors.Terms;
using ActorTrain.Models;
using Akka.Actor;
using Akka.Coordination;

namespace ActorTrain.Actors.Election;

/// <summary>A lease of Akka.NET in a PostgreSQL database: taken by compare-and-set, renewed in the background, and over when it was not
/// renewed for <see cref="TimeoutSettings.HeartbeatTimeout"/> by the database's clock.</summary>
/// <remarks>It decides which side of a divided cluster continues. It protects nothing by itself: what a former holder may still write is
/// refused by the terms of the run.</remarks>
public sealed class PostgresLease : Lease
{
    private readonly LeaseTable table;
    private readonly SemaphoreSlim database = new(1, 1);
    private readonly Lock gate = new();
    private CancellationTokenSource? holding;

    // When the last successful renewal was requested.
    private long renewed;

    /// <param name="system">Its <see cref="LeaseDatabase"/> says where the table is.</param>
    public PostgresLease(LeaseSettings settings, ExtendedActorSystem system)
        : this(settings, ConnectionOf(system)) => system.RegisterOnTermination(End);

    /// <param name="connection">Connection string of a PostgreSQL database.</param>
    public PostgresLease(LeaseSettings settings, string connection)
        : base(settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        table = new LeaseTable(connection, settings.TimeoutSettings.OperationTimeout);
    }

    /// <summary>A name for this process as an owner: others see when it is dead, if they run on the same host.</summary>
    public static string OwnerOf(IPEndPoint address) => $"{address} {ProcessIdentity.This}";

    private TimeSpan Duration => Settings.TimeoutSettings.HeartbeatTimeout;

    public override bool CheckLease()
    {
        lock (gate)
            return holding is not null && Stopwatch.GetElapsedTime(renewed) < Duration;
    }

    public override Task<bool> Acquire() => Acquire(static _ => { });

    /// <param name="leaseLostCallback">Called if it is lost later; with the failure of the database, or null if another has it.</param>
    /// <exception cref="LeaseException">The database is unavailable.</exception>
    public override async Task<bool> Acquire(Action<Exception?> leaseLostCallback)
    {
        var begun = Stopwatch.GetTimestamp();
        if (!await Ask(() => table.Acquire(Settings.LeaseName, Settings.OwnerName, Duration, IsDead)).ConfigureAwait(false))
        {
            Lose();
            return false;
        }

        CancellationTokenSource begins;
        lock (gate)
        {
            renewed = begun;
            if (holding is not null)
                return true;
            begins = holding = new CancellationTokenSource();
        }

        _ = Task.Run(() => Renew(begins, leaseLostCallback));
        return true;
    }

    /// <exception cref="LeaseException">The database is unavailable; it is no longer renewed in any case.</exception>
    public override Task<bool> Release()
    {
        Lose();
        return Ask(() => table.Release(Settings.LeaseName, Settings.OwnerName));
    }

    private async Task Renew(CancellationTokenSource mine, Action<Exception?> lost)
    {
        using var pause = new PeriodicTimer(Settings.TimeoutSettings.HeartbeatInterval);
        Exception? failure = null;
        try
        {
            while (await pause.WaitForNextTickAsync(mine.Token).ConfigureAwait(false))
            {
                var begun = Stopwatch.GetTimestamp();
                try
                {
                    if (!await Ask(() => table.Renew(Settings.LeaseName, Settings.OwnerName)).ConfigureAwait(false))
                    {
                        failure = null;
                        break;
                    }

                    lock (gate)
                        renewed = begun;
                }
                catch (LeaseException exception)
                {
                    failure = exception;
                    if (!CheckLease())
                        break;
                }
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }

        if (Lose(mine))
            lost(failure);
    }

    // Whether this was the one that was held.
    private bool Lose(CancellationTokenSource? mine = null)
    {
        lock (gate)
        {
            if (holding is null || (mine is not null && holding != mine))
                return false;
            holding.Cancel();
            holding = null;
            return true;
        }
    }

    // Others need not wait for the end of a lease whose actor system ends in order.
    private void End()
    {
        if (CheckLease())
            _ = Release().ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    private async Task<bool> Ask(Func<Task<bool>> ask)
    {
        await database.WaitAsync().ConfigureAwait(false);
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is DbException or TimeoutException or SocketException or IOException
            or InvalidOperationException)
        {
            throw new LeaseException($"The database does not answer for the lease {Settings.LeaseName}: {exception.Message}", exception);
        }
        finally
        {
            database.Release();
        }
    }

    private static bool IsDead(string owner) =>
        owner.Split(' ', 2) is [_, var process] && ProcessIdentity.Parse(process)?.IsDead() == true;

    private static string ConnectionOf(ExtendedActorSystem system) =>
        system.Settings.Setup.Get<LeaseDatabase>() is { HasValue: true, Value: var database } ? database.Connection
            : throw new InvariantException($"The actor system has no {nameof(LeaseDatabase)}.");
}
