using System.Collections.Immutable;
using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Terms;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Terms;
using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence;
using Akka.Persistence.Journal;
using Akka.TestKit.Xunit2;
using Npgsql;

namespace ActorTrain.Actors.Tests.Terms;

/// <summary>The database refuses decisions of a term that is over, however they come.</summary>
public sealed class FenceTests
{
    private static readonly TimeSpan Long = TermDatabase.Long;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_was_superseded_adds_no_decision_and_the_run_is_told_who_leads(bool postgres)
    {
        using var database = new TermDatabase(postgres);
        using var first = database.Lease(7, TimeSpan.FromHours(1));
        using var second = database.Lease(8, TimeSpan.FromHours(1));
        using var stale = new Kit(database);
        using var next = new Kit(database);
        first.Take();
        var journal = stale.Start(first);
        stale.ExpectMsg<JournalRecovered>(Long);
        journal.Tell(Record(1));
        stale.ExpectMsg(new Recorded(1), Long);
        if (postgres)
            database.Execute("UPDATE run_terms SET renewed = renewed - interval '2 hours'");
        second.Take();
        journal.Tell(Record(2));
        stale.FishForMessage(static message => message is RunSuperseded, Long).ShouldBeOfType<RunSuperseded>().Reason
            .ShouldContain($"is led by process 8 on {Environment.MachineName}");
        database.WrittenTerms().ShouldBe([1]);

        var leading = next.Start(second);
        next.ExpectMsg<JournalRecovered>(Long).Events.ShouldBe([Decision(1)]);
        leading.Tell(Record(2));
        next.ExpectMsg(new Recorded(2), Long);
        journal.Tell(Record(3));
        stale.FishForMessage(static message => message is RunSuperseded or JournalRecovered, Long);
        database.WrittenTerms().ShouldBe([1, 2]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Runs_of_older_versions_are_let_through_and_read_until_somebody_leads_them(bool postgres)
    {
        using var database = new TermDatabase(postgres);
        using var lease = database.Lease(7);
        using var kit = new Kit(database);
        lease.Take();
        kit.Start(lease);
        kit.ExpectMsg<JournalRecovered>(Long);

        var old = kit.Start(RunTerm.None, "old");
        kit.ExpectMsg<JournalRecovered>(Long);
        old.Tell(Record(1));
        kit.ExpectMsg(new Recorded(1), Long);
        database.WrittenTerms().ShouldBe([0]);

        using var led = new TermLease(database.Table(), "old", Long, self: TermDatabase.Stranger(7));
        led.Take();
        var next = kit.Start(led, "old");
        kit.ExpectMsg<JournalRecovered>(Long).Events.ShouldBe([Decision(1)]);
        next.Tell(Record(2));
        kit.ExpectMsg(new Recorded(2), Long);
        old.Tell(Record(2));
        kit.FishForMessage(static message => message is JournalAway, Long);
        database.WrittenTerms().ShouldBe([0, 1]);
        (postgres ? JournalReader.ReadPostgres(database.Journal.Connection, "old")
            : JournalReader.ReadSqlite(database.Journal.Connection["Data Source=".Length..], "old"))
            .ShouldBe([Decision(1), Decision(2)]);
    }

    /// <summary>One row, several at once, and rows with tags go different ways into the table.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_way_in_which_the_journal_inserts_rows_is_fenced(bool postgres)
    {
        using var database = new TermDatabase(postgres);
        using var lease = database.Lease(7);
        using var kit = new Kit(database);
        lease.Take();
        kit.Start(lease);
        kit.ExpectMsg<JournalRecovered>(Long);
        foreach (var events in (int[])[1, 5])
        {
            foreach (var tags in (string[][])[[], ["tag"]])
            {
                var before = database.WrittenTerms();
                Write(kit, term: 7, events, tags).ShouldBe("refused", $"{events} events, {tags.Length} tags");
                database.WrittenTerms().ShouldBe(before);
                Write(kit, term: 1, events, tags).ShouldBe("written", $"{events} events, {tags.Length} tags");
                database.WrittenTerms().Count.ShouldBe(before.Count + events);
            }
        }

        if (!postgres)
            return;
        using var connection = (NpgsqlConnection)database.Open();
        Copy("BatchVetoed/1 0123456789abcdef 2").ShouldContain("AT001");
        Copy("BatchVetoed/1 1").ShouldContain("AT001");
        Copy("BatchVetoed/1 0123456789abcdef 1").ShouldBe("");

        string Copy(string manifest)
        {
            try
            {
                using var rows = connection.BeginTextImport(
                    "COPY journal (deleted, persistence_id, sequence_number, message, manifest, created) FROM STDIN");
                rows.Write($"f\trun-book\t100\t\\\\x00\t{manifest}\t0\n");
                rows.Dispose();
                return "";
            }
            catch (PostgresException exception)
            {
                return exception.SqlState;
            }
        }
    }

    /// <summary>Each takes the run from the other while that one writes, so that writes and takeovers meet at every moment.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_row_of_an_older_term_stands_behind_one_of_a_newer(bool postgres)
    {
        // SQLite lets one in at a time, and whoever comes in vain sleeps for long.
        var (takeovers, rowsAtOnce) = postgres ? (60, 1000) : (12, 5);
        using var database = new TermDatabase(postgres);
        using (var lease = database.Lease(1))
        using (var kit = new Kit(database))
        {
            lease.Take();
            kit.Start(lease);
            kit.ExpectMsg<JournalRecovered>(Long);
        }

        long newest = 1;
        var writers = Enumerable.Range(0, 3).Select(writer => new Thread(() =>
        {
            using var table = database.Table();
            using var connection = database.Open();
            while (true)
            {
                var (former, _) = table.Take("book", $"{writer}", "", Long, static _ => true);
                var term = former!.Number + 1;
                if (Interlocked.Exchange(ref newest, term) > takeovers)
                    return;
                for (var row = 0; row < rowsAtOnce && Insert(connection, writer, term, row, table); row++)
                {
                    // Until another has taken the run over.
                }
            }
        })).ToList();
        writers.ForEach(static writer => writer.Start());
        writers.ForEach(static writer => writer.Join(Long).ShouldBeTrue());
        var terms = database.WrittenTerms();
        terms.SequenceEqual(terms.Order()).ShouldBeTrue("in the order in which they were written");
        terms.Distinct().Count().ShouldBeGreaterThan(1);
    }

    private static bool Insert(System.Data.Common.DbConnection connection, int writer, long term, int row, TermTable table)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "INSERT INTO journal (deleted, persistence_id, sequence_number, message, manifest, created) VALUES "
            + $"((1 = 0), 'run-book', {(term * 10_000) + row}, 'x', 'BatchVetoed/1 0123456789abcdef {term}', {writer})";
        try
        {
            command.ExecuteNonQuery();
            return true;
        }
        catch (System.Data.Common.DbException exception) when (table.IsRefusal(exception))
        {
            return false;
        }
    }

    private static string Write(Kit kit, long term, int events, string[] tags)
    {
        var writer = kit.Sys.ActorOf(Props.Create(() => new Writer(kit.TestActor)));
        kit.ExpectMsg("ready", Long);
        writer.Tell(Enumerable.Range(1, events).Select(step => new TermedDecision(term, Decision(step)))
            .Select(decision => tags.Length == 0 ? (object)decision : new Tagged(decision, tags.ToImmutableHashSet())).ToList());
        var said = kit.ExpectMsg<string>(Long);
        kit.Watch(writer);
        kit.Sys.Stop(writer);
        kit.FishForMessage(static message => message is Terminated, Long);
        return said;
    }

    private static RecordDecision Record(long number) =>
        new(number, Decision(number)) { Previous = number > 1 ? Decision(number - 1) : null };

    private static CheckpointCommitted Decision(long number) => new(DateTimeOffset.UnixEpoch, number, $"hash {number}");

    private sealed class Writer : ReceivePersistentActor
    {
        private readonly IActorRef listener;

        public Writer(IActorRef listener)
        {
            this.listener = listener;
            Recover<RecoveryCompleted>(_ => listener.Tell("ready"));
            Command<List<object>>(events =>
            {
                var left = events.Count;
                PersistAll(events, _ =>
                {
                    if (--left == 0)
                        listener.Tell("written");
                });
            });
        }

        public override string PersistenceId => "run-book";

        protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr) => listener.Tell("refused");
    }

    private sealed class Kit(TermDatabase database)
        : TestKit(ConfigurationFactory.ParseString("akka.loglevel = OFF").WithFallback(database.Journal.Settings))
    {
        public IActorRef Start(RunTerm term, string run = "book") =>
            Sys.ActorOf(ActorProps.Journal(run, TestActor, TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(100), term));
    }
}
