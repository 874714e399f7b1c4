using System.Collections.Immutable;
using System.Data.Common;
using Akka.Actor;
using Akka.Persistence;
using Akka.Persistence.Journal;
using Akka.TestKit.Xunit2;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace ActorTrain.Platform.Tests.Persistence;

/// <summary>The same promises on every store: in memory, in SQLite, in PostgreSQL.</summary>
public sealed class StoreTests : TestKit
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(StoreKind.Memory)]
    [InlineData(StoreKind.Sqlite)]
    [InlineData(StoreKind.PostgreSql)]
    public async Task Events_survive_the_actor_system(StoreKind kind)
    {
        using var store = new Store(kind);
        var first = ActorSystem.Create("first", store.Config);
        var actor = Start(first, store.Id);
        actor.Tell(new Action<Scripted>(static me => me.PersistAll(
            Enumerable.Range(0, 2500).Select(static n => new Happened($"{n}")), happened =>
            {
                if (happened.What == "2499")
                    me.Tell(me.LastSequenceNr);
            })));
        ExpectMsg(2500L, Patience);
        await first.Terminate();

        var second = ActorSystem.Create("second", store.Config);
        Start(second, store.Id, [.. Enumerable.Range(0, 2500).Select(static n => $"{n}")]);
        await second.Terminate();
    }

    [Theory]
    [InlineData(StoreKind.Memory)]
    [InlineData(StoreKind.Sqlite)]
    [InlineData(StoreKind.PostgreSql)]
    public async Task The_journal_keeps_numbers_over_deletion_and_bounds_replay(StoreKind kind)
    {
        using var store = new Store(kind);
        var system = ActorSystem.Create("store", store.Config);
        var journal = global::Akka.Persistence.Persistence.Instance.Apply(system).JournalFor(null);
        Write(journal, store.Id, 1, 10);
        Replayed(journal, store.Id, 1, long.MaxValue, long.MaxValue).ShouldBe(Enumerable.Range(1, 10).Select(static n => (long)n));
        Replayed(journal, store.Id, 3, 7, long.MaxValue).ShouldBe([3, 4, 5, 6, 7]);
        Replayed(journal, store.Id, 3, 7, 2).ShouldBe([3, 4]);
        Replayed(journal, store.Id, 1, 0, long.MaxValue).ShouldBeEmpty();
        Replayed(journal, store.Id + " other", 1, long.MaxValue, long.MaxValue, highest: 0).ShouldBeEmpty();

        Delete(journal, store.Id, 4);
        Replayed(journal, store.Id, 1, long.MaxValue, long.MaxValue).ShouldBe([5, 6, 7, 8, 9, 10]);
        Delete(journal, store.Id, long.MaxValue);
        Replayed(journal, store.Id, 1, long.MaxValue, long.MaxValue).ShouldBeEmpty();
        Write(journal, store.Id, 11, 1);
        Replayed(journal, store.Id, 1, long.MaxValue, long.MaxValue, highest: 11).ShouldBe([11]);
        await system.Terminate();
    }

    [Theory]
    [InlineData(StoreKind.Memory)]
    [InlineData(StoreKind.Sqlite)]
    [InlineData(StoreKind.PostgreSql)]
    public async Task The_snapshot_store_finds_the_newest_that_fits(StoreKind kind)
    {
        using var store = new Store(kind);
        var system = ActorSystem.Create("store", store.Config);
        var snapshots = global::Akka.Persistence.Persistence.Instance.Apply(system).SnapshotStoreFor(null);
        Loaded(SnapshotSelectionCriteria.Latest).ShouldBeNull();
        var saved = new List<SnapshotMetadata>();
        foreach (var number in new long[] { 2, 4, 6, 8 })
        {
            snapshots.Tell(new SaveSnapshot(new SnapshotMetadata(store.Id, number, DateTime.MinValue), new Happened($"of {number}")), TestActor);
            saved.Add(ExpectMsg<SaveSnapshotSuccess>(Patience).Metadata);
        }

        Loaded(SnapshotSelectionCriteria.Latest).ShouldBe(8);
        Loaded(SnapshotSelectionCriteria.Latest, toSequenceNr: 7).ShouldBe(6);
        Loaded(new SnapshotSelectionCriteria(5)).ShouldBe(4);
        Loaded(new SnapshotSelectionCriteria(long.MaxValue, saved[1].Timestamp)).ShouldBe(4);
        Loaded(new SnapshotSelectionCriteria(1)).ShouldBeNull();
        Loaded(SnapshotSelectionCriteria.None).ShouldBeNull();

        // The same number again takes the place of the first.
        snapshots.Tell(new SaveSnapshot(new SnapshotMetadata(store.Id, 8, DateTime.MinValue), new Happened("again")), TestActor);
        ExpectMsg<SaveSnapshotSuccess>(Patience);
        snapshots.Tell(new LoadSnapshot(store.Id, SnapshotSelectionCriteria.Latest, long.MaxValue), TestActor);
        ExpectMsg<LoadSnapshotResult>(Patience).Snapshot.Snapshot.ShouldBe(new Happened("again"));

        snapshots.Tell(new DeleteSnapshot(new SnapshotMetadata(store.Id, 8, DateTime.MinValue)), TestActor);
        ExpectMsg<DeleteSnapshotSuccess>(Patience);
        Loaded(SnapshotSelectionCriteria.Latest).ShouldBe(6);
        snapshots.Tell(new DeleteSnapshots(store.Id, new SnapshotSelectionCriteria(4)), TestActor);
        ExpectMsg<DeleteSnapshotsSuccess>(Patience);
        Loaded(new SnapshotSelectionCriteria(5)).ShouldBeNull();
        Loaded(SnapshotSelectionCriteria.Latest).ShouldBe(6);
        await system.Terminate();

        long? Loaded(SnapshotSelectionCriteria criteria, long toSequenceNr = long.MaxValue)
        {
            snapshots.Tell(new LoadSnapshot(store.Id, criteria, toSequenceNr), TestActor);
            var found = ExpectMsg<LoadSnapshotResult>(Patience).Snapshot;
            if (found is not null)
                found.Snapshot.ShouldBe(new Happened($"of {found.Metadata.SequenceNr}"));
            return found?.Metadata.SequenceNr;
        }
    }

    [Fact]
    public async Task A_connection_that_the_database_cut_is_opened_again()
    {
        using var store = new Store(StoreKind.PostgreSql);
        var system = ActorSystem.Create("store", store.Config);
        var actor = Start(system, store.Id);
        var written = new List<string>();
        for (var cut = 1; cut <= 3; cut++)
        {
            Cut(store);

            // What is written on a dead connection may fail, and the actor stop: it does not stay so.
            for (var attempt = 1; written.Count < cut; attempt++)
            {
                attempt.ShouldBeLessThan(10);
                var name = $"{cut}";
                actor.Tell(new Action<Scripted>(me => me.Persist(new Happened(name), happened => me.Tell(happened.What))));
                if (ExpectMsg<string>(Patience) == name)
                    written.Add(name);
                else
                    actor = Start(system, store.Id, [.. written]);
            }
        }

        await system.Terminate();
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [InlineData(StoreKind.PostgreSql)]
    public async Task Tags_stand_in_their_table_and_not_in_the_event(StoreKind kind)
    {
        using var store = new Store(kind);
        var system = ActorSystem.Create("store", store.Config);
        var journal = global::Akka.Persistence.Persistence.Instance.Apply(system).JournalFor(null);
        var events = new[] { new Tagged(new Happened("a"), ImmutableHashSet.Create("red", "round")),
            new Tagged(new Happened("b"), ImmutableHashSet.Create("red")) };
        journal.Tell(new WriteMessages([new AtomicWrite([.. events.Select((e, index) =>
            (IPersistentRepresentation)new Persistent(e, index + 1, store.Id))])], TestActor, 1), TestActor);
        ExpectMsg<WriteMessagesSuccessful>(Patience);
        ReceiveN(2, Patience);
        journal.Tell(new ReplayMessages(1, 2, 2, store.Id, TestActor), TestActor);
        ExpectMsg<ReplayedMessage>(Patience).Persistent.Payload.ShouldBe(new Happened("a"));
        ExpectMsg<ReplayedMessage>(Patience).Persistent.Payload.ShouldBe(new Happened("b"));
        ExpectMsg<RecoverySuccess>(Patience);
        TagsOf(store).ShouldBe(["red 1", "red 2", "round 1"]);
        Delete(journal, store.Id, 1);
        TagsOf(store).ShouldBe(["red 2"]);
        await system.Terminate();
    }

    private IActorRef Start(ActorSystem system, string id, params string[] recovered)
    {
        var actor = system.ActorOf(Props.Create(() => new Scripted(id, TestActor, null, null)));
        ExpectMsg<Recovered>(Patience).What.ShouldBe(recovered);
        return actor;
    }

    private void Write(IActorRef journal, string id, long first, int count)
    {
        journal.Tell(
            new WriteMessages([.. Enumerable.Range(0, count).Select(n =>
                new AtomicWrite(new Persistent(new Happened($"{first + n}"), first + n, id, writerGuid: "writer")))], TestActor, 1),
            TestActor);
        ExpectMsg<WriteMessagesSuccessful>(Patience);
        for (var n = 0; n < count; n++)
            ExpectMsg<WriteMessageSuccess>(Patience).Persistent.SequenceNr.ShouldBe(first + n);
    }

    private void Delete(IActorRef journal, string id, long to)
    {
        journal.Tell(new DeleteMessagesTo(id, to, TestActor), TestActor);
        ExpectMsg<DeleteMessagesSuccess>(Patience).ToSequenceNr.ShouldBe(to);
    }

    private List<long> Replayed(IActorRef journal, string id, long from, long to, long max, long highest = 10)
    {
        journal.Tell(new ReplayMessages(from, to, max, id, TestActor), TestActor);
        var numbers = new List<long>();
        while (true)
        {
            switch (ReceiveOne(Patience))
            {
                case ReplayedMessage replayed:
                    replayed.Persistent.Payload.ShouldBe(new Happened($"{replayed.Persistent.SequenceNr}"));
                    replayed.Persistent.PersistenceId.ShouldBe(id);
                    numbers.Add(replayed.Persistent.SequenceNr);
                    break;
                case RecoverySuccess success:
                    success.HighestSequenceNr.ShouldBe(highest);
                    return numbers;
                case var other:
                    throw new InvalidOperationException($"Unexpected: {other}");
            }
        }
    }

    private static void Cut(Store store)
    {
        using var connection = new NpgsqlConnection(store.ConnectionString + ";Pooling=false");
        connection.Open();
        using var command = new NpgsqlCommand(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()", connection);
        command.ExecuteNonQuery();
    }

    private static List<string> TagsOf(Store store)
    {
        using DbConnection connection = store.Kind == StoreKind.Sqlite ? new SqliteConnection(store.ConnectionString)
            : new NpgsqlConnection(store.ConnectionString);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT t.tag, t.sequence_nr FROM tags t JOIN journal j ON j.ordering = t.ordering_id AND j.sequence_number = t.sequence_nr ORDER BY 1, 2";
        using var reader = command.ExecuteReader();
        var tags = new List<string>();
        while (reader.Read())
            tags.Add($"{reader.GetString(0)} {reader.GetInt64(1)}");
        return tags;
    }
}
