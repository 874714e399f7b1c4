using System.Diagnostics;
using ActorTrain.Actors.Election;
using ActorTrain.Tests.Databases;
using Akka.Configuration;
using Akka.Coordination;
using Npgsql;

namespace ActorTrain.Actors.Tests.Election;

public sealed class PostgresLeaseTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);
    private readonly string connection = PostgresServer.Shared.NewDatabase();

    [Fact]
    public async Task One_owner_at_a_time_has_it_until_it_releases_it()
    {
        var (first, second) = (Lease("a"), Lease("b"));
        first.CheckLease().ShouldBeFalse();
        (await first.Acquire()).ShouldBeTrue();
        (await first.Acquire()).ShouldBeTrue();
        (first.CheckLease(), await second.Acquire(), second.CheckLease()).ShouldBe((true, false, false));
        (await second.Release()).ShouldBeFalse();
        (await second.Acquire()).ShouldBeFalse();
        (await first.Release(), first.CheckLease()).ShouldBe((true, false));
        (await second.Acquire(), second.CheckLease()).ShouldBe((true, true));
        (await Lease("a", name: "other").Acquire()).ShouldBeTrue();
        await second.Release();
    }

    [Fact]
    public async Task Of_many_that_ask_at_once_one_gets_it()
    {
        var leases = Enumerable.Range(0, 8).Select(i => Lease($"owner {i}")).ToList();
        for (var round = 0; round < 20; round++)
        {
            var taken = await Task.WhenAll(leases.Select(static lease => Task.Run(lease.Acquire)));
            taken.Count(static isTaken => isTaken).ShouldBe(1);
            await leases[Array.IndexOf(taken, true)].Release();
        }
    }

    /// <summary>Renewed in the background, it outlives its duration many times over; not renewed, it is over.</summary>
    [Fact]
    public async Task It_is_renewed_while_its_process_lives_and_over_for_others_when_it_no_longer_is()
    {
        var (first, second) = (Lease("a", Short), Lease("b", Short));
        (await first.Acquire()).ShouldBeTrue();
        var begun = Stopwatch.StartNew();
        while (begun.Elapsed < 3 * Short)
        {
            (await second.Acquire()).ShouldBeFalse();
            first.CheckLease().ShouldBeTrue();
        }

        // As if its process had been suspended for longer than the duration.
        Execute("UPDATE control_leases SET renewed = renewed - interval '1 hour'");
        await UntilTaken(second, () => Execute("UPDATE control_leases SET renewed = renewed - interval '1 hour' WHERE owner = 'a'"));
        second.CheckLease().ShouldBeTrue();
    }

    [Fact]
    public async Task Who_has_lost_it_is_told_once_and_holds_it_no_longer()
    {
        var lost = new TaskCompletionSource<Exception?>();
        var lease = Lease("a", Short);
        (await lease.Acquire(reason => lost.SetResult(reason))).ShouldBeTrue();
        Execute("UPDATE control_leases SET owner = 'b'");
        (await lost.Task.WaitAsync(Long)).ShouldBeNull();
        lease.CheckLease().ShouldBeFalse();
        (await lease.Acquire()).ShouldBeFalse();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Without_the_database_it_is_lost_after_its_duration_and_can_be_had_again_later(bool crash)
    {
        using var server = PostgresServer.StartOwn();
        var lost = new TaskCompletionSource<Exception?>();
        var lease = Lease("a", Short, server: server.NewDatabase());
        (await lease.Acquire(reason => lost.SetResult(reason))).ShouldBeTrue();
        if (crash)
            server.Crash();
        else
            server.Pause();
        (await lost.Task.WaitAsync(Long)).ShouldBeOfType<LeaseException>();
        lease.CheckLease().ShouldBeFalse();
        await Should.ThrowAsync<LeaseException>(lease.Acquire);
        if (crash)
            server.StartAgain();
        else
            server.Resume();
        var begun = Stopwatch.StartNew();
        while (!await IsTaken(lease))
            begun.Elapsed.ShouldBeLessThan(Long);
        lease.CheckLease().ShouldBeTrue();
    }

    [Fact]
    public async Task Of_an_owner_that_is_known_to_be_dead_it_is_taken_without_waiting()
    {
        using var process = Process.Start("sleep", "600");
        var stat = File.ReadAllText($"/proc/{process.Id}/stat");
        var began = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19];
        var boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        var space = File.ResolveLinkTarget("/proc/self/ns/pid", returnFinalTarget: false)!.Name;
        var table = new LeaseTable(connection, Long);
        var owner = $"127.0.0.1:1 {process.Id} {began} {boot} {space}";
        (await table.Acquire("lease", owner, TimeSpan.FromHours(1), static _ => false)).ShouldBeTrue();
        var lease = Lease("a");
        (await lease.Acquire()).ShouldBeFalse();
        process.Kill();
        process.WaitToEnd();
        (await lease.Acquire()).ShouldBeTrue();
        await table.DisposeAsync();
    }

    private PostgresLease Lease(string owner, TimeSpan? duration = null, string name = "lease", string? server = null)
    {
        var lasts = duration ?? Long;
        return new PostgresLease(
            new LeaseSettings(name, owner, new TimeoutSettings(lasts / 5, lasts, TimeSpan.FromSeconds(1)), Config.Empty),
            server ?? connection);
    }

    private static async Task<bool> IsTaken(PostgresLease lease)
    {
        try
        {
            return await lease.Acquire();
        }
        catch (LeaseException)
        {
            return false;
        }
    }

    // The owner may renew between two statements.
    private static async Task UntilTaken(PostgresLease lease, Action expire)
    {
        var begun = Stopwatch.StartNew();
        while (!await lease.Acquire())
        {
            begun.Elapsed.ShouldBeLessThan(Long);
            expire();
        }
    }

    private void Execute(string text)
    {
        using var database = new NpgsqlConnection(connection);
        database.Open();
        using var command = new NpgsqlCommand(text, database);
        command.ExecuteNonQuery();
    }
}
