using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Run;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Runs;

/// <summary>What the run owes to journal and metrics.</summary>
public sealed class OutboxTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_way_back_is_sent_to_the_metrics_once_the_journal_holds_why_and_nothing_overtakes_it()
    {
        var outbox = new MetricsOutbox(step: 4, decided: 2);
        outbox.Add(Row(5), decision: 2).ShouldBe(new Publish(1, Row(5).Measurement!));
        outbox.Add(new MetricsItem(null, 3), decision: 3).ShouldBeNull();
        outbox.Add(Row(4), decision: 3).ShouldBeNull();
        outbox.Sendable.Count().ShouldBe(1);
        outbox.Meet(new PublisherStarted(7)).ShouldBe((new GoOnAfter(7, 0, 4), true));
        outbox.NoteDecided(2).ShouldBeFalse();
        outbox.NoteDecided(3).ShouldBeTrue();
        outbox.Sendable.ShouldBe([new Publish(1, Row(5).Measurement!), new Rewind(2, 3), new Publish(3, Row(4).Measurement!)]);
    }

    [Fact]
    public void The_next_life_of_the_publisher_goes_on_where_the_last_is_known_to_have_been_and_the_last_is_not_heard_any_more()
    {
        var outbox = new MetricsOutbox(step: 0, decided: 0);
        for (var step = 1; step <= 4; step++)
            outbox.Add(Row(step), decision: 0);
        outbox.Meet(new PublisherStarted(1))!.Value.IsNew.ShouldBeTrue();
        outbox.Meet(new PublisherStarted(1))!.Value.IsNew.ShouldBeFalse();
        outbox.Handle(new Published(1, 2));
        outbox.Handle(new MetricsDurable(1, 1));
        (outbox.WrittenStep, outbox.Durable, outbox.Count).ShouldBe((2, 1, 2));

        outbox.Meet(new PublisherStarted(2)).ShouldBe((new GoOnAfter(2, 2, 2), true));

        // That the first one lives may be heard late.
        outbox.Meet(new PublisherStarted(1)).ShouldBeNull();
        outbox.Handle(new Published(1, 4));
        outbox.Handle(new MetricsDurable(1, 4));
        (outbox.WrittenStep, outbox.Durable, outbox.Count).ShouldBe((2, 1, 2));
        Should.Throw<InvariantException>(() => outbox.Handle(new Published(2, 9)));
    }

    [Fact]
    public void Rows_that_are_durable_are_not_written_again_even_if_it_was_not_heard_that_they_are_in_the_file()
    {
        var outbox = new MetricsOutbox(step: 0, decided: 0);
        for (var step = 1; step <= 3; step++)
            outbox.Add(Row(step), decision: 0);
        outbox.Meet(new PublisherStarted(1));
        outbox.Handle(new MetricsDurable(1, 2));
        (outbox.WrittenStep, outbox.Durable, outbox.Count).ShouldBe((2, 2, 1));
        outbox.Meet(new PublisherStarted(2)).ShouldBe((new GoOnAfter(2, 2, 2), true));
        outbox.Sendable.ShouldBe([new Publish(3, Row(3).Measurement!)]);
        Should.Throw<InvariantException>(() => outbox.Handle(new MetricsDurable(2, 9)));
    }

    [Fact]
    public void Decisions_of_a_former_life_in_the_journal_are_found()
    {
        var outbox = new DecisionOutbox(recorded: [Paused(0)], capacity: 3);
        outbox.Add(Paused(1)).ShouldBe(new RecordDecision(2, Paused(1)) { Previous = Paused(0) });
        outbox.Add(Paused(2));
        outbox.NoteRecovered([Paused(0), Paused(1)]).ShouldBeFalse();
        Should.Throw<InvariantException>(() => outbox.NoteRecovered([Paused(0), Paused(9)]));
        Should.Throw<InvariantException>(() => outbox.NoteRecovered([Paused(0), Paused(1), Paused(2), Paused(3)]));
        outbox.Acknowledge(2);
        (outbox.Durable, outbox.Count, outbox.Waiting.Single()).ShouldBe((2, 1, Paused(2)));
    }

    [Fact]
    public void Training_is_held_up_by_too_many_decisions_or_by_an_extension_and_people_are_told_once_for_each_outage()
    {
        var outbox = new DecisionOutbox(recorded: [], capacity: 2);
        outbox.Add(new RunExtended(Noon, 1, new Intervention(1, 1, [], 1, "ann", "") { Steps = 9 }));
        (outbox.HoldsUp, outbox.IsExtending, outbox.IsCorrecting).ShouldBe((false, true, true));
        outbox.NoteAway();
        (outbox.HoldsUp, outbox.MustTell()).ShouldBe((true, false));
        outbox.Add(Paused(1));
        (outbox.MustTell(), outbox.MustTell()).ShouldBe((true, false));
        outbox.NoteRecovered([]).ShouldBeTrue();
        outbox.NoteAway();
        outbox.MustTell().ShouldBeTrue();
        outbox.Acknowledge(2);
        (outbox.HoldsUp, outbox.IsExtending).ShouldBe((false, false));
    }

    private static MetricsItem Row(long step) => new(new StepMeasurement(step, 1, 1, TimeSpan.Zero, []), step);

    private static RunPaused Paused(long step) => new(Noon, step, "ann");
}
