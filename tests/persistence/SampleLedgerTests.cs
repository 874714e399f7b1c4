using ActorTrain.Models;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Logs;

namespace ActorTrain.Persistence.Tests;

public sealed class SampleLedgerTests : IDisposable
{
    private readonly TestDirectory directory = new();

    private string File => directory.At("samples.jsonl");

    public void Dispose() => directory.Dispose();

    [Fact]
    public void Positions_stand_as_ranges_in_the_order_in_which_they_were_read() =>
        SampleRange.Of([8, 9, 10, 4, 5, 7, 6]).ShouldBe([new(8, 3), new(4, 2), new(7, 1), new(6, 1)]);

    [Fact]
    public void Rows_stand_one_per_line_and_read_back()
    {
        SampleRow[] rows = [new(1, 3.25, [new(0, 8)]), new(2, double.NaN, [new(8, 4), new(16, 4)])];
        using (var ledger = BranchedLogs.Samples(File, 0))
        {
            foreach (var row in rows)
                ledger.Append(row);
            ledger.Flush();
        }

        System.IO.File.ReadAllLines(File)[1..].ShouldBe(
        [
            """{"time":"2026-03-04T12:00:00+00:00","branch":1,"update":1,"writer":"test","step":1,"loss":3.25,"positions":[[0,8]]}""",
            """{"time":"2026-03-04T12:00:00+00:00","branch":1,"update":2,"writer":"test","step":2,"loss":"NaN","positions":[[8,4],[16,4]]}""",
        ]);
        SampleLedger.Read(File).ShouldBe(rows);
        rows[1].Count.ShouldBe(8);
    }

    [Fact]
    public void Going_back_abandons_the_steps_that_are_taken_again_and_drops_what_was_torn()
    {
        using (var ledger = BranchedLogs.Samples(File, 0))
        {
            for (var step = 1; step <= 5; step++)
                ledger.Append(Row(step));
        }

        System.IO.File.AppendAllText(File, """{"step":6,"lo""");
        SampleLedger.Read(File).ShouldBe([Row(1), Row(2), Row(3), Row(4), Row(5)]);
        using (var ledger = BranchedLogs.Samples(File, 3))
            ledger.Append(Row(4));
        SampleLedger.Read(File).ShouldBe([Row(1), Row(2), Row(3), Row(4)]);
    }

    [Theory]
    [InlineData("""{"step":1,"loss":1,"positions":[[0]]}""")]
    [InlineData("""{"step":1,"loss":1,"positions":[[0,0]]}""")]
    [InlineData("""{"step":1,"loss":1,"positions":[[-1,2]]}""")]
    [InlineData("""{"step":0,"loss":1,"positions":[[0,8]]}""")]
    [InlineData("""{"step":1,"loss":1}""")]
    [InlineData("""{"step":1,"loss":1,"positions":[null]}""")]
    [InlineData("""{"step":1,"branch":1,"loss":1,"positions":[[0,8]]}""")]
    [InlineData("""{"step":1,"opened":"rollback","loss":1,"positions":[[0,8]]}""")]
    public void A_line_that_is_no_row_is_named(string line)
    {
        System.IO.File.WriteAllText(File, line + "\n" + """{"step":2,"loss":1,"positions":[[8,8]]}""" + "\n");
        Should.Throw<UserErrorException>(() => SampleLedger.Read(File)).Message.ShouldStartWith($"{File}, line 1, ");
    }

    [Fact]
    public void A_step_that_read_other_samples_than_before_is_found()
    {
        using var ledger = BranchedLogs.Samples(File, 0);
        ledger.Append(Row(1)).ShouldBeNull();
        ledger.Append(new SampleRow(2, double.NaN, [new(8, 8)])).ShouldBeNull();
        ledger.Branch(0);
        ledger.Append(Row(1) with { Ranges = [new(0, 4), new(8, 4)] }).ShouldNotBeNull()
            .ShouldBe(new UnequalStep(1, 1, 2, "positions 0–7 and 0–3, 8–11"));
        ledger.Append(new SampleRow(2, double.NaN, [new(8, 8)])).ShouldBeNull();
        ledger.Branch(1);
        ledger.Append(new SampleRow(2, -0.0, [new(8, 8)])).ShouldNotBeNull();
        ledger.Branch(1);
        ledger.Append(new SampleRow(2, 0.0, [new(8, 8)])).ShouldNotBeNull();
    }

    private static SampleRow Row(long step) => new(step, 1.0 / step, [new((step - 1) * 8, 8)]);
}
