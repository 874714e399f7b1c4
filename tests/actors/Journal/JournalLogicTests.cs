using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Journal;

public sealed class JournalLogicTests
{
    private readonly List<RunEvent> written = [];
    private readonly List<JournalReport> reports = [];
    private readonly JournalLogic journal;

    public JournalLogicTests() => journal = new JournalLogic(written.Add, reports.Add);

    [Fact]
    public void Each_decision_is_persisted_once_and_in_order_and_reported_once_it_is_durable()
    {
        journal.Begin([Decision(1)]);
        foreach (var number in new[] { 3, 2, 2, 3, 1, 2 })
            journal.Record(Record(number));
        written.ShouldBe([Decision(2), Decision(3)]);
        reports.Skip(1).ShouldBe([new Recorded(1)], "only what was recovered is durable");
        journal.NotePersisted();
        journal.NotePersisted();
        reports.Skip(2).ShouldBe([new Recorded(2), new Recorded(3)]);
    }

    [Fact]
    public void What_was_recovered_is_reported_again_until_the_first_decision_comes()
    {
        journal.Begin([Decision(1)]);
        journal.Repeat();
        journal.Record(Record(2));
        journal.Repeat();
        reports.OfType<JournalRecovered>().Select(static recovered => recovered.Events.Count).ShouldBe([1, 1]);
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        Should.Throw<InvariantException>(() => journal.Record(Record(1)))
            .Message.ShouldContain("before the journal is recovered");
        journal.Begin([]);
        Should.Throw<InvariantException>(() => journal.Begin([])).Message.ShouldContain("a second time");
        Should.Throw<InvariantException>(journal.NotePersisted).Message.ShouldContain("Decision 1 is durable");
    }

    /// <summary>As where an earlier process' decision reached the database late, in the place of one of this run.</summary>
    [Fact]
    public void Nothing_is_persisted_behind_decisions_that_the_sender_does_not_know_of()
    {
        journal.Begin([Decision(1), Decision(7)]);
        journal.Record(Record(2));
        journal.Record(Record(3));
        written.ShouldBeEmpty();
        reports.Count.ShouldBe(3);
        foreach (var report in reports)
            report.ShouldBeOfType<JournalRecovered>().Events.ShouldBe([Decision(1), Decision(7)]);

        journal.Record(new RecordDecision(2, Decision(7)) { Previous = Decision(1) });
        reports[^1].ShouldBe(new Recorded(2));
        journal.Record(new RecordDecision(3, Decision(3)) { Previous = Decision(7) });
        written.ShouldBe([Decision(3)]);
    }

    private static RecordDecision Record(long number) => new(number, Decision(number)) { Previous = number > 1 ? Decision(number - 1) : null };

    private static CheckpointCommitted Decision(long number) => new(default, number, $"hash {number}");
}
