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
            journal.Record(new RecordDecision(number, Decision(number)));
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
        journal.Record(new RecordDecision(2, Decision(2)));
        journal.Repeat();
        reports.OfType<JournalRecovered>().Select(static recovered => recovered.Events.Count).ShouldBe([1, 1]);
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        Should.Throw<InvariantException>(() => journal.Record(new RecordDecision(1, Decision(1))))
            .Message.ShouldContain("before the journal is recovered");
        journal.Begin([]);
        Should.Throw<InvariantException>(() => journal.Begin([])).Message.ShouldContain("a second time");
        Should.Throw<InvariantException>(journal.NotePersisted).Message.ShouldContain("Decision 1 is durable");
    }

    private static CheckpointCommitted Decision(long number) => new(default, number, $"hash {number}");
}
