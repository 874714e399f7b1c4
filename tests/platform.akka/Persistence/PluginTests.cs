using System.Collections.Immutable;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.Persistence;
using Akka.Persistence.Journal;
using Akka.Persistence.Snapshot;
using Akka.TestKit;
using Akka.TestKit.Xunit2;

namespace ActorTrain.Platform.Tests.Persistence;

/// <summary>What plugins and persistent actors do when stores fail, are slow, or are other ones than the default.</summary>
public sealed class PluginTests() : TestKit(Settings)
{
    private static readonly Config Settings = ConfigurationFactory.ParseString(
        $$"""
        akka.loglevel = OFF
        akka.scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit"
        akka.persistence.journal.plugin = akka.persistence.journal.shared
        akka.persistence.snapshot-store.plugin = ""
        akka.persistence.journal.shared {
          class = "{{typeof(FaultyMemoryJournal).AssemblyQualifiedName}}"
          plugin-dispatcher = "akka.actor.default-dispatcher"
          circuit-breaker { max-failures = 2, call-timeout = 10s, reset-timeout = 30s }
        }
        akka.persistence.journal.strict {
          class = "{{typeof(FaultyMemoryJournal).AssemblyQualifiedName}}"
          plugin-dispatcher = "akka.actor.default-dispatcher"
          replay-filter.mode = fail
        }
        akka.persistence.snapshot-store.broken {
          class = "{{typeof(BrokenSnapshotStore).AssemblyQualifiedName}}"
          plugin-dispatcher = "akka.actor.default-dispatcher"
        }
        akka.persistence.snapshot-store.silent {
          class = "{{typeof(SilentSnapshotStore).AssemblyQualifiedName}}"
          plugin-dispatcher = "akka.actor.default-dispatcher"
        }
        """);

    private readonly string id = Guid.NewGuid().ToString("N");

    private PersistenceExtension Plugins => global::Akka.Persistence.Persistence.Instance.Apply(Sys);

    private TestScheduler Time => (TestScheduler)Sys.Scheduler;

    [Fact]
    public void Without_a_snapshot_store_saving_fails_and_all_else_works()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Scripted(id, TestActor, null, null)));
        ExpectMsg<Recovered>();
        actor.Tell(new Action<Scripted>(static me => me.SaveSnapshot("state")));
        ExpectMsg<SaveSnapshotFailure>().Cause.ShouldBeOfType<NoSnapshotStore.NoSnapshotStoreException>();
        actor.Tell(new Action<Scripted>(static me => me.Persist(new Happened("a"), happened => me.Tell(happened.What))));
        ExpectMsg("a");
    }

    [Fact]
    public void A_snapshot_that_cannot_be_read_stops_the_actor()
    {
        Watch(Sys.ActorOf(Props.Create(() => new Elsewhere(id, TestActor, null, "akka.persistence.snapshot-store.broken"))));
        ExpectMsg("recovery failed: the snapshot store is broken");
        ExpectMsg<Terminated>();
    }

    [Fact]
    public void A_snapshot_that_does_not_come_in_time_stops_the_actor()
    {
        Watch(Sys.ActorOf(Props.Create(() => new Elsewhere(id, TestActor, null, "akka.persistence.snapshot-store.silent"))));
        SilentSnapshotStore.Asked.Wait(TimeSpan.FromSeconds(10)).ShouldBeTrue();
        Time.Advance(TimeSpan.FromSeconds(29));
        ExpectNoMsg(TimeSpan.Zero);
        Time.Advance(TimeSpan.FromSeconds(2));
        ExpectMsg<string>().ShouldContain("timed out");
        ExpectMsg<Terminated>();
    }

    [Fact]
    public void A_journal_that_fails_again_and_again_is_left_alone_for_a_while()
    {
        var (asked, fault) = (0, Fault.FailUnwritten);
        Faults.Order(id, _ =>
        {
            asked++;
            return fault;
        });
        var journal = Plugins.JournalFor(null);
        for (var attempt = 1; attempt <= 4; attempt++)
            Write().ShouldBeOfType<WriteMessageFailure>();
        asked.ShouldBe(2);
        fault = Fault.None;
        Time.Advance(TimeSpan.FromSeconds(31));
        AwaitAssert(() => Write().ShouldBeOfType<WriteMessageSuccess>());
        asked.ShouldBe(3);

        object Write()
        {
            journal.Tell(new WriteMessages([new AtomicWrite(new Persistent(new Happened("a"), 1, id))], TestActor, 1), TestActor);
            ReceiveOne(TimeSpan.FromSeconds(10));
            return ReceiveOne(TimeSpan.FromSeconds(10));
        }
    }

    [Fact]
    public void An_actor_may_name_its_journal()
    {
        var journal = Plugins.JournalFor("akka.persistence.journal.strict");
        var actor = Sys.ActorOf(Props.Create(() => new Elsewhere(id, TestActor, "akka.persistence.journal.strict", null)));
        ExpectMsg("recovered 0");
        actor.Tell("journal");
        ExpectMsg(journal);
    }

    [Fact]
    public void A_plugin_without_configuration_is_refused_by_name() =>
        Should.Throw<ArgumentException>(() => Plugins.JournalFor("akka.persistence.journal.none")).Message.ShouldContain("journal.none");

    [Fact]
    public void Events_of_an_incarnation_that_was_replaced_are_left_out_of_the_replay()
    {
        var journal = Plugins.JournalFor(null);
        WriteOfTwoWriters(journal);
        journal.Tell(new ReplayMessages(1, long.MaxValue, long.MaxValue, id, TestActor), TestActor);
        foreach (var what in new[] { "old 1", "new 2", "new 3" })
            ExpectMsg<ReplayedMessage>().Persistent.Payload.ShouldBe(new Happened(what));
        ExpectMsg<RecoverySuccess>();
    }

    [Fact]
    public void A_strict_replay_filter_fails_the_replay()
    {
        var journal = Plugins.JournalFor("akka.persistence.journal.strict");
        WriteOfTwoWriters(journal);
        journal.Tell(new ReplayMessages(1, long.MaxValue, long.MaxValue, id, TestActor), TestActor);
        FishForMessage(static message => message is ReplayMessagesFailure);
    }

    [Fact]
    public void Commands_beyond_the_capacity_of_the_stash_go_to_the_dead_letters_where_the_strategy_says_so()
    {
        var held = Faults.Hold(id);
        Sys.EventStream.Subscribe(TestActor, typeof(DeadLetter));
        var actor = Sys.ActorOf(Props.Create(() =>
            new Scripted(id, TestActor, null, DiscardToDeadLetterStrategy.Instance)).WithDeploy(Deploy.Local.WithStashCapacity(1)));
        ExpectMsg<Recovered>();
        actor.Tell(new Action<Scripted>(static me => me.Persist(new Happened("a"), happened => me.Tell(happened.What))));
        actor.Tell("1");
        actor.Tell("2");
        ExpectMsg<DeadLetter>().Message.ShouldBe("2");
        held.SetResult();
        ExpectMsg("a");
        ExpectMsg("1");
    }

    private void WriteOfTwoWriters(IActorRef journal)
    {
        foreach (var (writer, number) in new[] { ("old", 1), ("old", 2), ("new", 2), ("old", 3), ("new", 3) })
        {
            journal.Tell(new WriteMessages([new AtomicWrite(new Persistent(new Happened($"{writer} {number}"), number, id,
                writerGuid: writer))], TestActor, 1), TestActor);
            ExpectMsg<WriteMessagesSuccessful>();
            ExpectMsg<WriteMessageSuccess>();
        }
    }

    /// <summary>Uses other plugins than the default ones.</summary>
    private sealed class Elsewhere : UntypedPersistentActor
    {
        private readonly IActorRef probe;

        public Elsewhere(string id, IActorRef probe, string? journal, string? snapshots)
        {
            PersistenceId = id;
            this.probe = probe;
            JournalPluginId = journal;
            SnapshotPluginId = snapshots;
        }

        public override string PersistenceId { get; }

        protected override void OnCommand(object message) => probe.Tell(Journal);

        protected override void OnRecover(object message) => probe.Tell($"recovered {LastSequenceNr}");

        protected override void OnRecoveryFailure(Exception reason, object? message = null) =>
            probe.Tell("recovery failed: " + reason.Message);
    }

    /// <summary>A snapshot store that fails.</summary>
    public class BrokenSnapshotStore : MemorySnapshotStore
    {
        protected override Task<SelectedSnapshot> LoadAsync(string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken) =>
            Task.FromException<SelectedSnapshot>(new IOException("the snapshot store is broken"));
    }

    /// <summary>A snapshot store that does not answer.</summary>
    public class SilentSnapshotStore : MemorySnapshotStore
    {
        public static ManualResetEventSlim Asked { get; } = new();

        protected override Task<SelectedSnapshot> LoadAsync(string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken)
        {
            Asked.Set();
            return new TaskCompletionSource<SelectedSnapshot>().Task;
        }
    }
}
