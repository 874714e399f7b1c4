using System.Diagnostics;
using ActorTrain.Actors.Terms;
using ActorTrain.Models;
using ActorTrain.Persistence.Terms;
using ActorTrain.Tests.Databases;

namespace ActorTrain.Actors.Tests.Terms;

public sealed class TermLeaseTests
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_is_held_from_the_taking_on_and_the_next_process_need_not_wait_after_a_clean_end(bool postgres)
    {
        using var database = new TermDatabase(postgres);
        for (var number = 1; number <= 3; number++)
        {
            using var lease = database.Lease(number);
            lease.IsHeld.ShouldBeFalse();
            lease.AwaitFree(static note => throw new InvalidOperationException(note), CancellationToken.None);
            lease.Take();
            (lease.Number, lease.IsHeld, lease.MayHaveRival).ShouldBe((number, true, false));
            lease.Confirm();
        }
    }

    [Fact]
    public void A_second_process_is_refused_with_one_sentence_as_long_as_the_first_renews()
    {
        using var database = new TermDatabase(postgres: true);
        using var first = database.Lease(7, Short);
        first.Take();
        using var second = database.Lease(8, Short);
        var notes = new List<string>();
        foreach (var refused in new[]
        {
            Should.Throw<UserErrorException>(() => second.AwaitFree(notes.Add, CancellationToken.None)),
            Should.Throw<UserErrorException>(second.Take),
        })
        {
            refused.Message.ShouldStartWith($"The run book is being trained by process 7 on {Environment.MachineName}, which renewed its");
            refused.Message.ShouldEndWith("(term 1); wait for it, stop it, or choose another run.name.");
        }

        notes.Count.ShouldBeLessThanOrEqualTo(1);
        first.IsHeld.ShouldBeTrue();
    }

    /// <summary>As where it was suspended for longer than its lease: it changes no file before it has asked again.</summary>
    [Fact]
    public void One_that_was_suspended_and_superseded_confirms_nothing()
    {
        using var database = new TermDatabase(postgres: true);
        var late = TimeSpan.Zero;
        using var first = new TermLease(
            database.Table(), "book", TermDatabase.Long, () => Stopwatch.GetElapsedTime(0) + late, TermDatabase.Stranger(7));
        first.Take();
        first.Confirm();
        database.Execute("UPDATE run_terms SET renewed = renewed - interval '1 hour'");
        late = TimeSpan.FromHours(1);
        first.IsHeld.ShouldBeFalse();
        using var second = database.Lease(8);
        second.Take();
        (second.Number, second.MayHaveRival).ShouldBe((2, true));
        var lost = Should.Throw<TermLostException>(first.Confirm);
        lost.Message.ShouldStartWith($"The run book is led by process 8 on {Environment.MachineName} since 20");
        lost.Message.ShouldEndWith("under term 2; this process, whose term was 1, ends without saving anything.");
        first.Lost.IsCancellationRequested.ShouldBeTrue();
        first.Refuse().ShouldBe(lost.Message);
        first.Dispose();
        second.IsHeld.ShouldBeTrue();
        database.Table().Read("book")!.Owner.ShouldBe($"{TermDatabase.Stranger(8)}", "who has lost a term releases nothing");
    }

    [Fact]
    public void One_that_was_suspended_and_still_leads_goes_on_once_it_has_renewed()
    {
        using var database = new TermDatabase(postgres: true);
        var late = TimeSpan.Zero;
        using var lease = new TermLease(
            database.Table(), "book", TermDatabase.Long, () => Stopwatch.GetElapsedTime(0) + late, TermDatabase.Stranger(7));
        lease.Take();
        database.Execute("UPDATE run_terms SET renewed = renewed - interval '1 hour'");
        late = TimeSpan.FromHours(1);
        lease.IsHeld.ShouldBeFalse();
        lease.Confirm();
        lease.IsHeld.ShouldBeTrue();
        database.Table().Read("book")!.IsExpired.ShouldBeFalse();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void While_the_database_is_away_it_writes_but_deletes_nothing_and_afterwards_all_is_as_before(bool crash)
    {
        using var server = PostgresServer.StartOwn();
        using var database = new TermDatabase(postgres: true, server);
        using var lease = database.Lease(7, Short);
        lease.Take();
        if (crash)
            server.Crash();
        else
            server.Pause();
        Until(() => !lease.IsHeld);
        lease.Confirm();
        lease.IsHeld.ShouldBeFalse();
        if (crash)
            server.StartAgain();
        else
            server.Resume();
        Until(() => lease.IsHeld);
        lease.Lost.IsCancellationRequested.ShouldBeFalse();
        lease.Number.ShouldBe(1);
    }

    [Fact]
    public void A_database_in_the_folder_of_the_run_belongs_to_whoever_holds_its_lock()
    {
        using var database = new TermDatabase(postgres: false);
        using var first = database.Lease(7);
        first.Take();
        using var second = database.Lease(8);
        second.Take();
        (second.Number, second.MayHaveRival).ShouldBe((2, true));
        first.Refuse().ShouldContain("is led by process 8");
        Should.Throw<TermLostException>(first.Confirm);
        (first.IsHeld, second.IsHeld).ShouldBe((false, true));
    }

    private static void Until(Func<bool> condition)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!condition())
            Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(TermDatabase.Long);
    }
}
