using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Terms;
using ActorTrain.Actors.Tests.Metrics;
using ActorTrain.Models;
using ActorTrain.Models.Files;
using ActorTrain.Persistence.Terms;

namespace ActorTrain.Actors.Tests.Terms;

/// <summary>Terms of processes that were elected by the other control processes.</summary>
public sealed class ElectedTermTests
{
    [Fact]
    public void An_elected_process_supersedes_one_that_was_elected_before_without_waiting_for_its_lease()
    {
        using var database = new TermDatabase(postgres: true);
        using var first = Elected(database, 7);
        first.Take();
        using var second = Elected(database, 8);
        second.AwaitFree(static note => throw new InvalidOperationException(note), CancellationToken.None);
        second.Take();
        (second.Number, second.MayHaveRival).ShouldBe((2, true));
        first.Refuse().ShouldContain("under term 2");
        database.Table().Read("book")!.Control.ShouldBe("127.0.0.1:8");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Neither_an_elected_process_nor_one_that_was_not_takes_the_run_from_the_other(bool electedFirst)
    {
        using var database = new TermDatabase(postgres: true);
        using var first = electedFirst ? Elected(database, 7) : database.Lease(7);
        first.Take();
        using var second = electedFirst ? database.Lease(8) : Elected(database, 8);
        Should.Throw<UserErrorException>(second.Take).Message.ShouldContain("is being trained by process 7");
        first.Confirm();
        database.Table().Read("book")!.Control.ShouldBe(electedFirst ? "127.0.0.1:7" : null);
    }

    [Fact]
    public void The_end_of_the_run_is_on_record_until_the_run_is_led_again()
    {
        using var database = new TermDatabase(postgres: true);
        var ending = new TermEnding(RunEnding.Failed, "The disk is full.");
        using (var lease = Elected(database, 7))
        {
            lease.Take();
            lease.Conclude(ending);
            database.Table().Read("book")!.Ending.ShouldBeNull("the term is not released yet");
        }

        database.Table().Read("book")!.Ending.ShouldBe(ending);
        using (var lease = Elected(database, 8))
            lease.Take();
        database.Table().Read("book")!.Ending.ShouldBeNull();
    }

    [Fact]
    public void A_superseded_process_ends_the_run_for_nobody()
    {
        using var database = new TermDatabase(postgres: true);
        var first = Elected(database, 7);
        first.Take();
        using var second = Elected(database, 8);
        second.Take();
        first.Conclude(new TermEnding(RunEnding.Stopped, "Requested."));
        first.Dispose();
        var holder = database.Table().Read("book")!;
        (holder.Number, holder.Ending, holder.Control).ShouldBe((2, null, "127.0.0.1:8"));
    }

    /// <summary>The superseded process is cut off from the database, and its writer starts again.</summary>
    [Fact]
    public void A_superseded_process_opens_no_file_that_the_next_has_taken_over()
    {
        using var database = new TermDatabase(postgres: true);
        using var here = new TestFolder();
        var options = MetricsFilesTests.Options(here);
        using var first = Elected(database, 7);
        first.Take();
        using var writing = new MetricsFiles(options, static () => default, static _ => { }) { Term = first };
        for (var restart = 0; restart < 2; restart++)
        {
            writing.Open(0);
            writing.Append(MetricsFilesTests.Step(1, 1).Measurement);
        }

        using var second = Elected(database, 8);
        second.Take();
        string[] files = [options.MetricsFile, options.LedgerFile];
        foreach (var file in files)
            Disk.ReplaceByCopy(file);
        var before = files.Select(File.ReadAllText).ToList();
        writing.Append(MetricsFilesTests.Step(2, 2).Measurement);
        Should.Throw<TermLostException>(() => writing.Open(1));
        first.Lost.IsCancellationRequested.ShouldBeTrue();
        files.Select(File.ReadAllText).ShouldBe(before);
    }

    private static TermLease Elected(TermDatabase database, int process) => new(
        database.Table(), "book", TermDatabase.Long, self: TermDatabase.Stranger(process), control: $"127.0.0.1:{process}");
}
