using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Xunit.Abstractions;

namespace ActorTrain.Platform.Tests.Persistence;

/// <summary>What a persistent actor promises, on the journal in memory.</summary>
public sealed class PersistentActorTests(ITestOutputHelper output) : TestKit(Settings, "persistence", output)
{
    private static readonly Config Settings = ConfigurationFactory.ParseString(
        """
        small {
          mailbox-type = "Akka.Dispatch.UnboundedDequeBasedMailbox, Akka"
          stash-capacity = 2
        }
        """).WithFallback(new Store(StoreKind.Memory).Config);

    private readonly string id = Guid.NewGuid().ToString("N");

    private static Action<Scripted> Do(Action<Scripted> act) => act;

    private IActorRef Start(Recovery? recovery = null, params string[] recovered)
    {
        var actor = Sys.ActorOf(Props.Create(() => new Scripted(id, TestActor, recovery, null)));
        ExpectRecovered(recovered);
        return actor;
    }

    private long ExpectRecovered(params string[] what)
    {
        var recovered = ExpectMsg<Recovered>();
        recovered.What.ShouldBe(what);
        return recovered.LastSequenceNr;
    }

    private static void Restart(IActorRef actor) => actor.Tell(Do(static _ => throw new InvalidOperationException("on command")));

    [Fact]
    public void A_persisted_event_is_handled_and_comes_back_after_a_restart()
    {
        var actor = Start();
        actor.Tell(Do(me => me.Persist(new Happened("a"), happened =>
        {
            me.Tell($"{happened.What} {me.LastSequenceNr} {me.IsRecoveryFinished}");
        })));
        ExpectMsg("a 1 True");
        Restart(actor);
        ExpectRecovered("a").ShouldBe(1);
        Start(null, "a");
    }

    [Fact]
    public void The_sender_in_a_handler_is_that_of_the_command()
    {
        var actor = Start();
        actor.Tell(Do(static me => me.Persist(new Happened("a"), happened => me.Sender.Tell("to the sender " + happened.What))), TestActor);
        ExpectMsg("to the sender a");
    }

    [Fact]
    public void No_command_comes_between_persist_and_its_handlers()
    {
        var actor = Start();
        actor.Tell(Do(static me =>
        {
            me.Persist(new Happened("a"), happened => me.Tell(happened.What));
            me.Persist(new Happened("b"), happened => me.Tell(happened.What));
            me.PersistAll([new Happened("c"), new Happened("d")], happened => me.Tell(happened.What));
            me.Tell("persisting");
        }));
        actor.Tell("command 1");
        actor.Tell("command 2");
        ExpectMsgs("persisting", "a", "b", "c", "d", "command 1", "command 2");
    }

    [Fact]
    public void Commands_keep_their_order_over_many_persists()
    {
        var actor = Start();
        for (var number = 0; number < 200; number++)
        {
            var text = $"{number}";
            if (number % 3 == 0)
                actor.Tell(Do(me => me.Persist(new Happened(text), happened => me.Tell(happened.What))));
            else
                actor.Tell(text);
        }

        ExpectMsgs([.. Enumerable.Range(0, 200).Select(static number => $"{number}")]);
    }

    [Fact]
    public void Commands_come_between_persist_async_and_its_handlers_which_keep_their_order()
    {
        var held = Faults.Hold(id);
        var actor = Start();
        actor.Tell(Do(static me =>
        {
            me.PersistAsync(new Happened("a"), happened => me.Tell(happened.What));
            me.PersistAllAsync([new Happened("b"), new Happened("c")], happened => me.Tell(happened.What));
            me.DeferAsync("deferred", text => me.Tell(text));
        }));
        actor.Tell("command");
        ExpectMsg("command");
        held.SetResult();
        ExpectMsgs("a", "b", "c", "deferred");
        Restart(actor);
        ExpectRecovered("a", "b", "c").ShouldBe(3);
    }

    [Fact]
    public void Defer_runs_at_once_where_nothing_is_pending()
    {
        var actor = Start();
        actor.Tell(Do(static me =>
        {
            me.DeferAsync("deferred", text => me.Tell(text));
            me.Tell("after");
        }));
        ExpectMsgs("deferred", "after");
    }

    [Fact]
    public void What_a_handler_persists_comes_after_what_was_asked_for_before()
    {
        var actor = Start();
        actor.Tell(Do(static me =>
        {
            me.Persist(new Happened("outer 1"), happened =>
            {
                me.Tell(happened.What);
                me.Persist(new Happened("inner"), inner => me.Tell(inner.What));
            });
            me.Persist(new Happened("outer 2"), happened => me.Tell(happened.What));
        }));
        actor.Tell("command");
        ExpectMsgs("outer 1", "outer 2", "inner", "command");
    }

    [Fact]
    public void An_asynchronous_command_ends_before_the_next_begins_and_its_events_are_persisted()
    {
        var actor = Start();
        var gate = new TaskCompletionSource();
        actor.Tell(new Func<Scripted, Task>(async me =>
        {
            me.Tell("begins");
            await gate.Task;
            me.Persist(new Happened("a"), happened => me.Tell(happened.What));
            me.Tell("ends");
        }));
        actor.Tell("command");
        ExpectMsg("begins");
        gate.SetResult();
        ExpectMsgs("ends", "a", "command");
    }

    [Fact]
    public void Persisting_during_recovery_is_refused()
    {
        Sys.ActorOf(Props.Create(() => new Eager(id, TestActor)));
        ExpectMsg<InvalidOperationException>().Message.ShouldContain("Cannot persist during replay");
        ExpectMsg("now");
    }

    [Fact]
    public void A_rejected_event_is_not_there_and_the_actor_goes_on()
    {
        Faults.Order(id, static write => ((IEnumerable<IPersistentRepresentation>)write.Payload).Any(IsBad) ? Fault.Reject : Fault.None);
        var actor = Start();
        actor.Tell(Do(static me =>
        {
            me.Persist(new Happened("good"), happened => me.Tell(happened.What));
            me.Persist(new Happened("bad"), _ => me.Tell("handled"));
            me.PersistAll([new Happened("fine"), new Happened("bad")], _ => me.Tell("handled"));
        }));
        actor.Tell(Do(static me => me.Persist(new Happened("last"), happened => me.Tell(happened.What))));
        ExpectMsgs("good", "rejected bad 2", "rejected fine 3", "rejected bad 4", "last");
        Restart(actor);
        ExpectRecovered("good", "last").ShouldBe(5);
    }

    [Fact]
    public void A_failed_persist_stops_the_actor()
    {
        Faults.Order(id, static _ => Fault.FailUnwritten);
        var actor = Start();
        Watch(actor);
        actor.Tell(Do(static me => me.Persist(new Happened("a"), _ => me.Tell("handled"))));
        ExpectMsg("failed a 1");
        ExpectTerminated(actor);
        Start();
    }

    [Fact]
    public void An_exception_in_a_handler_restarts_the_actor_which_has_the_event()
    {
        var actor = Start();
        actor.Tell(Do(static me =>
        {
            me.Persist(new Happened("a"), Fail);
            me.Persist(new Happened("b"), _ => me.Tell("of another life"));

            // Not a lambda: one that only throws could be of either kind of handler, and would be taken for an asynchronous one.
            static void Fail(Happened happened) => throw new InvalidOperationException("on command");
        }));
        actor.Tell("command");
        ExpectRecovered("a", "b");
        ExpectMsg("command");
        ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public void Answers_to_another_incarnation_mean_nothing()
    {
        var actor = Start();
        var other = new Persistent(new Happened("of another life"), 7, id);
        actor.Tell(new WriteMessageSuccess(other, -1));
        actor.Tell(new LoopMessageSuccess("of another life", -1));
        actor.Tell(new WriteMessageRejected(other, new IOException(), -1));
        actor.Tell(new WriteMessageFailure(other, new IOException(), -1));
        actor.Tell(Do(static me => me.Persist(new Happened("a"), happened => me.Tell($"{happened.What} {me.LastSequenceNr}"))));
        ExpectMsg("a 1");
    }

    [Fact]
    public void A_snapshot_stands_for_the_events_before_it()
    {
        var actor = Start();
        actor.Tell(Do(static me => me.PersistAll([new Happened("a"), new Happened("b")], happened =>
        {
            if (happened.What == "b")
                me.SaveSnapshot("of b");
        })));
        ExpectMsg<SaveSnapshotSuccess>().Metadata.SequenceNr.ShouldBe(2);
        actor.Tell(Do(static me => me.Persist(new Happened("c"), happened => me.Tell(happened.What))));
        ExpectMsg("c");
        Restart(actor);
        ExpectRecovered("snapshot of b at 2", "c").ShouldBe(3);
    }

    [Fact]
    public void Recovery_goes_from_and_to_where_it_is_told()
    {
        var actor = Start();
        foreach (var name in new[] { "a", "b", "c", "d" })
        {
            actor.Tell(Do(me => me.Persist(new Happened(name), _ => me.SaveSnapshot("of " + name))));
            ExpectMsg<SaveSnapshotSuccess>();
        }

        Start(null, "snapshot of d at 4");
        Start(new Recovery(SnapshotSelectionCriteria.None), "a", "b", "c", "d");
        Start(new Recovery(new SnapshotSelectionCriteria(2)), "snapshot of b at 2", "c", "d");
        Start(new Recovery(SnapshotSelectionCriteria.Latest, toSequenceNr: 3), "snapshot of c at 3");
        Start(new Recovery(SnapshotSelectionCriteria.None, toSequenceNr: 3), "a", "b", "c");
        Start(new Recovery(SnapshotSelectionCriteria.None, long.MaxValue, replayMax: 2), "a", "b");
        var fresh = Start(Recovery.None);
        fresh.Tell(Do(static me => me.Persist(new Happened("e"), _ => me.Tell(me.LastSequenceNr))));
        ExpectMsg(5L);
    }

    [Fact]
    public void Deleted_events_and_snapshots_do_not_come_back_and_numbers_go_on()
    {
        var actor = Start();
        actor.Tell(Do(static me => me.PersistAll([new Happened("a"), new Happened("b"), new Happened("c")], happened =>
            me.SaveSnapshot("of " + happened.What))));
        for (var number = 1; number <= 3; number++)
            ExpectMsg<SaveSnapshotSuccess>().Metadata.SequenceNr.ShouldBe(number);
        actor.Tell(Do(static me => me.DeleteSnapshot(3)));
        ExpectMsg<DeleteSnapshotSuccess>().Metadata.SequenceNr.ShouldBe(3);
        actor.Tell(Do(static me => me.DeleteMessages(2)));
        ExpectMsg<DeleteMessagesSuccess>().ToSequenceNr.ShouldBe(2);
        Start(null, "snapshot of b at 2", "c");
        actor.Tell(Do(static me => me.DeleteSnapshots(SnapshotSelectionCriteria.Latest)));
        ExpectMsg<DeleteSnapshotsSuccess>();
        actor.Tell(Do(static me => me.DeleteMessages(long.MaxValue)));
        ExpectMsg<DeleteMessagesSuccess>();
        var empty = Start();
        empty.Tell(Do(static me => me.Persist(new Happened("d"), _ => me.Tell(me.LastSequenceNr))));
        ExpectMsg(4L);
    }

    [Fact]
    public void An_exception_in_recovery_stops_the_actor()
    {
        var actor = Start();
        actor.Tell(Do(static me => me.Persist(new Happened("poison"), happened => me.Tell(happened.What))));
        ExpectMsg("poison");
        var failing = Sys.ActorOf(Props.Create(() => new Eager(id, TestActor)));
        Watch(failing);
        ExpectMsg<InvalidOperationException>();
        ExpectMsg("recovery failed: poisoned");
        ExpectTerminated(failing);
    }

    [Fact]
    public void The_own_stash_goes_in_front_of_what_waits_for_the_journal()
    {
        var actor = Start();
        actor.Tell(Do(static me => me.BecomeStashing("open")));
        actor.Tell("1");
        actor.Tell("2");
        actor.Tell("open");
        actor.Tell("3");
        ExpectMsgs("1", "2", "3");
        actor.Tell(Do(static me => me.Become("other")));
        actor.Tell("4");
        ExpectMsg("other");
    }

    [Fact]
    public void Commands_beyond_the_capacity_of_the_stash_are_answered_as_the_strategy_says()
    {
        var held = Faults.Hold(id);
        var actor = Sys.ActorOf(Props.Create(() =>
            new Scripted(id, TestActor, null, new ReplyToStrategy("too many"))).WithMailbox("small"));
        ExpectRecovered();
        actor.Tell(Do(static me => me.Persist(new Happened("a"), happened => me.Tell(happened.What))));
        for (var number = 1; number <= 4; number++)
            actor.Tell($"{number}", TestActor);
        ExpectMsgs("too many", "too many");
        held.SetResult();
        ExpectMsgs("a", "1", "2");
    }

    private static bool IsBad(IPersistentRepresentation @event) => ((Happened)@event.Payload).What == "bad";

    private void ExpectMsgs(params string[] texts)
    {
        foreach (var text in texts)
            ExpectMsg(text);
    }

    /// <summary>Persists as soon as it may, and before.</summary>
    private sealed class Eager : UntypedPersistentActor
    {
        private readonly IActorRef probe;

        public Eager(string id, IActorRef probe)
        {
            PersistenceId = id;
            this.probe = probe;
        }

        public override string PersistenceId { get; }

        protected override void OnCommand(object message)
        {
        }

        protected override void OnRecover(object message)
        {
            if (message is Happened)
            {
                Try();
                throw new InvalidOperationException("poisoned");
            }

            if (message is RecoveryCompleted)
                Persist(new Happened("now"), happened => probe.Tell(happened.What));
        }

        protected override void OnReplaySuccess() => Try();

        protected override void OnRecoveryFailure(Exception reason, object? message = null) =>
            probe.Tell("recovery failed: " + reason.Message);

        private void Try()
        {
            try
            {
                Persist(new Happened("early"), _ => probe.Tell("early"));
            }
            catch (InvalidOperationException exception)
            {
                probe.Tell(exception);
            }
        }
    }
}
