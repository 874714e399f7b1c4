using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Protocol;
using ActorTrain.Chaos;
using ActorTrain.Persistence.Journal;
using Akka.Actor;
using Akka.Configuration;
using Akka.TestKit.Xunit2;

namespace ActorTrain.Actors.Tests.Journal;

public sealed class RunJournalTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);
    private static readonly DateTimeOffset At = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Decisions_are_persisted_once_and_come_back_in_order()
    {
        using (var kit = Kit())
        {
            var journal = kit.Start();
            kit.ExpectMsg<JournalRecovered>(Long).Events.ShouldBeEmpty();
            for (var number = 1; number <= 3; number++)
            {
                journal.Tell(Record(number));
                kit.ExpectMsg(new Recorded(number), Long);
            }

            // What is there already is only answered, and what comes before its time is dropped.
            journal.Tell(Record(2));
            kit.ExpectMsg(new Recorded(3), Long);
            journal.Tell(Record(5));
            journal.Tell(Record(4));
            kit.ExpectMsg(new Recorded(4), Long);
        }

        using (var kit = Kit())
        {
            var journal = kit.Start();
            kit.ExpectMsg<JournalRecovered>(Long).Events.ShouldBe([Decision(1), Decision(2), Decision(3), Decision(4)]);
            journal.Tell(Record(4));
            kit.ExpectMsg(new Recorded(4), Long);
            journal.Tell(Record(5));
            kit.ExpectMsg(new Recorded(5), Long);
        }
    }

    [Fact]
    public void Runs_of_one_database_do_not_see_one_another()
    {
        using var kit = Kit();
        kit.Start("a").Tell(Record(1));
        kit.ExpectMsg<JournalRecovered>(Long);
        kit.ExpectMsg(new Recorded(1), Long);
        kit.Start("b");
        kit.ExpectMsg<JournalRecovered>(Long).Events.ShouldBeEmpty();
    }

    [Fact]
    public void Decisions_have_a_serializer_of_their_own()
    {
        using var kit = Kit();
        var serializer = kit.Sys.Serialization.FindSerializerFor(Decision(1)).ShouldBeOfType<RunEventSerializer>();
        serializer.Identifier.ShouldBe(7301);
        var manifest = serializer.Manifest(Decision(1));
        manifest.ShouldStartWith("CheckpointCommitted/1 ");
        serializer.FromBinary(serializer.ToBinary(Decision(1)), manifest).ShouldBe(Decision(1));

        // As an older program wrote it, without a checksum.
        serializer.FromBinary(serializer.ToBinary(Decision(1)), "CheckpointCommitted/1").ShouldBe(Decision(1));
    }

    [Fact]
    public void A_decision_of_which_a_bit_has_changed_is_not_read()
    {
        using var kit = Kit();
        var serializer = kit.Sys.Serialization.FindSerializerFor(Decision(1)).ShouldBeOfType<RunEventSerializer>();
        var (manifest, bytes) = (serializer.Manifest(Decision(1)), serializer.ToBinary(Decision(1)));
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var changed = bytes.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            serializer.FromBinary(changed, manifest).ShouldBeOfType<UnreadableDecision>();
        }
    }

    [Theory]
    [InlineData(Fault.Throw)]
    [InlineData(Fault.ThrowAfter)]
    [InlineData(Fault.Drop)]
    [InlineData(Fault.Duplicate)]
    [InlineData(Fault.Defer)]
    public void Broken_in_any_way_it_persists_each_decision_once_when_asked_until_it_answers(Fault fault)
    {
        using var kit = Kit();
        var faults = new EverySecond(fault);
        var journal = kit.Start(faults: faults);
        for (var number = 1; number <= 4; number++)
        {
            var decision = Record(number);
            kit.AwaitAssert(
                () =>
                {
                    journal.Tell(decision);
                    kit.FishForMessage(message => message is Recorded recorded && recorded.Number >= decision.Number,
                        TimeSpan.FromSeconds(1));
                },
                Long);
        }

        kit.Stop(journal);
        faults.IsOver = true;
        using var next = Kit();
        next.Start();
        next.ExpectMsg<JournalRecovered>(Long).Events.ShouldBe([Decision(1), Decision(2), Decision(3), Decision(4)]);
    }

    [Fact]
    public void A_database_that_is_away_is_told_once_and_found_again()
    {
        var away = folder.At("later");
        using var kit = Kit(Path.Combine(away, "run.db"));
        var journal = kit.Start();
        kit.ExpectMsg<JournalAway>(Long).Reason.ShouldNotBeEmpty();

        // Restarted in vain some times, it does not say so again.
        kit.ExpectNoMsg(TimeSpan.FromMilliseconds(500));
        Directory.CreateDirectory(away);
        kit.ExpectMsg<JournalRecovered>(Long).Events.ShouldBeEmpty();
        journal.Tell(Record(1));
        kit.ExpectMsg(new Recorded(1), Long);
    }

    /// <summary>As a process does that was killed, when its last words reach a slow database after the next one has read.</summary>
    [Fact]
    public void What_another_writes_in_the_place_of_a_decision_is_read_before_anything_counts_as_recorded()
    {
        using var former = Kit();
        var formerJournal = former.Start();
        former.ExpectMsg<JournalRecovered>(Long);
        using var kit = Kit();
        var journal = kit.Start();
        kit.ExpectMsg<JournalRecovered>(Long).Events.ShouldBeEmpty();
        formerJournal.Tell(Record(1));
        former.ExpectMsg(new Recorded(1), Long);
        journal.Tell(new RecordDecision(1, Decision(10)));
        kit.FishForMessage(static message => message is JournalRecovered or Recorded, Long)
            .ShouldBeOfType<JournalRecovered>().Events.ShouldBe([Decision(1)]);
        journal.Tell(new RecordDecision(2, Decision(10)) { Previous = Decision(1) });
        kit.ExpectMsg(new Recorded(2), Long);
    }

    private static RecordDecision Record(long number) => new(number, Decision(number)) { Previous = number > 1 ? Decision(number - 1) : null };

    private static CheckpointCommitted Decision(long number) => new(At, number, $"hash {number}");

    private JournalKit Kit(string? file = null) => new(
        ConfigurationFactory.ParseString("akka.loglevel = OFF").WithFallback(FaultyMailbox.Configuration)
            .WithFallback((JournalDatabase.Of(file ?? folder.At("run.db"), postgres: "") with { Timeout = TimeSpan.FromSeconds(5) })
                .Settings));

    private sealed class JournalKit(Config config) : TestKit(config)
    {
        public IActorRef Start(string run = "book", IFaultInjector? faults = null)
        {
            MessageFaults.Of(Sys).Injector = faults;
            return Sys.ActorOf(ActorProps.Journal(run, TestActor, TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(100)));
        }

        public void Stop(IActorRef journal)
        {
            Watch(journal);
            Sys.Stop(journal);
            FishForMessage(static message => message is Terminated, Long);
        }
    }

    private sealed class EverySecond(Fault fault) : IFaultInjector
    {
        private int messages;

        public bool IsOver { get; set; }

        public Fault Choose(string actor, object message) =>
            message is RecordDecision && !IsOver && Interlocked.Increment(ref messages) % 2 == 1 ? fault : Fault.None;
    }
}
