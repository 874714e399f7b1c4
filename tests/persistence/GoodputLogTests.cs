using ActorTrain.Models;
using ActorTrain.Persistence.Goodput;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Metrics;

namespace ActorTrain.Persistence.Tests;

public sealed class GoodputLogTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
    private readonly TestDirectory directory = new();

    private string File => directory.At("goodput.jsonl");

    public void Dispose() => directory.Dispose();

    [Fact]
    public void Rows_stand_one_per_line_under_their_names()
    {
        Write(Row(0));
        System.IO.File.ReadAllText(File).ShouldBe(
            """{"from":"2026-03-04T05:06:07+00:00","to":"2026-03-04T05:06:09+00:00","process":"2026-03-04T05:06:07+00:00","reached":7,"new_steps":5,"redone_steps":2,"shares":[{"activity":"NewSteps","time":"00:00:01.5000001","begun":1},{"activity":"Recovering","cause":"trainer lost","time":"00:00:00.4999999","begun":2}]}"""
            + "\n");
        GoodputLog.Read(File).ShouldBe([Row(0)]);
    }

    /// <summary>Reading the memory of the process from address 0 is an I/O error of the system.</summary>
    [Fact]
    public void A_log_that_the_disk_does_not_give_is_told_in_one_sentence()
    {
        System.IO.File.CreateSymbolicLink(File, "/proc/self/mem");
        Should.Throw<UserErrorException>(() => GoodputLog.Read(File).Count()).Message.ShouldStartWith("Cannot read the goodput file");
        Should.Throw<UserErrorException>(() => MetricsLog.Read(File)).Message.ShouldStartWith("Cannot read the metrics file");
        Should.Throw<UserErrorException>(() => SampleLedger.Read(File));
    }

    [Fact]
    public void It_is_only_ever_appended_to_and_a_torn_last_line_is_cut_away_at_every_length()
    {
        Write(Row(0));
        Write(Row(1));
        var whole = System.IO.File.ReadAllBytes(File);
        var first = Array.IndexOf(whole, (byte)'\n') + 1;
        for (var length = first; length < whole.Length - 1; length++)
        {
            System.IO.File.WriteAllBytes(File, whole[..length]);
            GoodputLog.Read(File).ShouldBe([Row(0)]);
            Write(Row(2));
            GoodputLog.Read(File).ShouldBe([Row(0), Row(2)]);
        }
    }

    [Fact]
    public void A_row_whose_parts_do_not_make_its_whole_is_none()
    {
        Write(Row(0), Row(1));
        System.IO.File.WriteAllText(File, System.IO.File.ReadAllText(File).Replace("01.5000001", "01.6000001", StringComparison.Ordinal));
        Should.Throw<UserErrorException>(() => GoodputLog.Read(File).ToList()).Message.ShouldStartWith($"{File}, line 1, ");
        Should.Throw<UserErrorException>(() => GoodputLog.Open(File)).Message.ShouldContain("line 1");
    }

    [Fact]
    public void A_missing_file_has_none() => GoodputLog.Read(File).ShouldBeEmpty();

    private void Write(params GoodputRow[] rows)
    {
        using var log = GoodputLog.Open(File);
        foreach (var row in rows)
            log.Append(row);
    }

    private static GoodputRow Row(int number) => new(
        Start.AddSeconds(2 * number), Start.AddSeconds(2 * number + 2), Start, 7 + number, 5, 2,
        [new(GoodputActivity.NewSteps, null, TimeSpan.FromTicks(15_000_001), 1),
            new(GoodputActivity.Recovering, "trainer lost", TimeSpan.FromTicks(4_999_999), 2)]);
}
