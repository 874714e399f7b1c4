using ActorTrain.Actors.Terms;

namespace ActorTrain.Actors.Tests.Terms;

public sealed class TermTableTests
{
    private const int Takers = 4;
    private const int Rounds = 100;
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_term_is_held_until_it_is_released_or_expires_and_each_is_the_next_number(bool postgres)
    {
        using var database = new TermDatabase(postgres);
        using var table = database.Table();
        table.Read("book").ShouldBeNull();
        Take(table, "one", TermDatabase.Long).ShouldBe((null, true));
        Take(table, "two", TermDatabase.Long).ShouldBe((1, false));
        var holder = table.Read("book")!;
        (holder.Number, holder.Owner, holder.Address, holder.Lease).ShouldBe((1, "one", "host", TermDatabase.Long));
        holder.Age.ShouldBeInRange(-TimeSpan.FromSeconds(1), TermDatabase.Long);
        holder.Since.ShouldMatch("^20[0-9-]{8} [0-9:]{8}Z$");

        table.Renew("book", 1, TermDatabase.Long).ShouldBeTrue();
        table.Renew("book", 2, TermDatabase.Long).ShouldBeFalse();
        table.Release("book", 7);
        Take(table, "two", TermDatabase.Long).IsTaken.ShouldBeFalse("only the holder releases");
        table.Release("book", 1);
        Take(table, "two", Moment).ShouldBe((1, true));
        while (!table.Read("book")!.IsExpired)
        {
            // The database's clock goes on by itself.
        }

        Take(table, "three", TermDatabase.Long).ShouldBe((2, true));
        table.Renew("book", 2, TermDatabase.Long).ShouldBeFalse();
        table.Read("another").ShouldBeNull("runs know nothing of each other");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_many_that_take_a_run_at_once_one_gets_it(bool postgres)
    {
        using var database = new TermDatabase(postgres);
        var tables = Enumerable.Range(0, Takers).Select(_ => database.Table()).ToList();
        for (var round = 1; round <= Rounds; round++)
        {
            var won = new bool[Takers];
            using var start = new Barrier(Takers);
            var takers = Enumerable.Range(0, Takers).Select(taker => new Thread(() =>
            {
                start.SignalAndWait(TermDatabase.Long);
                won[taker] = Take(tables[taker], $"{taker}", TermDatabase.Long).IsTaken;
            })).ToList();
            takers.ForEach(static taker => taker.Start());
            takers.ForEach(static taker => taker.Join(TermDatabase.Long).ShouldBeTrue());
            var winner = won.Index().ShouldHaveSingleItem(won.Count(static one => one), round);
            var holder = tables[0].Read("book")!;
            (holder.Number, holder.Owner).ShouldBe((round, $"{winner}"));
            tables[winner].Release("book", round);
        }

        tables.ForEach(static table => table.Dispose());
    }

    [Fact]
    public void A_dead_process_of_this_host_is_known_and_nobody_else_is()
    {
        ProcessIdentity.Parse($"{ProcessIdentity.This}").ShouldBe(ProcessIdentity.This);
        ProcessIdentity.Parse("one").ShouldBeNull();
        ProcessIdentity.This.IsDead().ShouldBeFalse();
        using var process = System.Diagnostics.Process.Start("sleep", "600");
        var sleeping = ProcessIdentity.This with { Process = process.Id, Began = BeganOf(process.Id) };
        sleeping.IsDead().ShouldBeFalse();
        (sleeping with { Began = "1" }).IsDead().ShouldBeTrue("its number was used again");
        process.Kill();
        process.WaitForExit(TermDatabase.Long).ShouldBeTrue();
        sleeping.IsDead().ShouldBeTrue();
        (sleeping with { Boot = "another" }).IsDead().ShouldBeFalse();
        (sleeping with { Space = "another" }).IsDead().ShouldBeFalse();
    }

    private static string BeganOf(int process) =>
        File.ReadAllText($"/proc/{process}/stat") is var stat ? stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19] : "";

    private static (long? Former, bool IsTaken) Take(TermTable table, string owner, TimeSpan lease)
    {
        var (former, isTaken) = table.Take("book", owner, "host", lease, static holder => holder.Owner is null || holder.IsExpired);
        return (former?.Number, isTaken);
    }
}

file static class Winners
{
    /// <summary>The one place that holds true.</summary>
    public static int ShouldHaveSingleItem(this IEnumerable<(int Index, bool Item)> won, int count, int round)
    {
        count.ShouldBe(1, $"round {round}");
        return won.Single(static one => one.Item).Index;
    }
}
