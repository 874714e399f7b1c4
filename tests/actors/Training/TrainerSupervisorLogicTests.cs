using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Options;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Training;

public sealed class TrainerSupervisorLogicTests
{
    private static readonly TrainerSupervisorOptions Options = new()
    {
        MinBackoff = TimeSpan.FromSeconds(1),
        MaxBackoff = TimeSpan.FromSeconds(8),
        ResetAfter = TimeSpan.FromSeconds(100),
        MaxLosses = 5,
        Window = TimeSpan.FromSeconds(1000),
        Log = "runs/kjv/log.txt",
    };

    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly TrainerSupervisorLogic logic = new(Options);

    [Fact]
    public void A_trainer_is_started_once_and_asked_again_only_reported_again()
    {
        var first = new TrainerKey(3, 1);
        logic.Handle(new StartTrainer(3, 0), Start).ShouldBe([new SpawnTrainer(first), new TellRun(new TrainerStarted(first))]);
        logic.Handle(new StartTrainer(3, 0), Start).ShouldBe([new TellRun(new TrainerStarted(first))]);
        logic.NextTick.ShouldBeNull();
    }

    [Fact]
    public void Each_loss_doubles_the_wait_up_to_the_longest_and_a_long_life_makes_it_short_again()
    {
        var now = Start;
        logic.Handle(new StartTrainer(0, 0), now);
        foreach (var (life, wait) in new[] { (1, 1), (2, 2), (3, 4), (4, 8), (5, 8) })
        {
            logic.Ended(new TrainerKey(0, life), new LifeFailure("It broke"), now)
                .ShouldBe([new TellRun(new TrainerLost(new TrainerKey(0, life), "It broke"))]);
            logic.NextTick.ShouldBe(now + TimeSpan.FromSeconds(wait));
            logic.Tick(now + TimeSpan.FromSeconds(wait - 0.5)).ShouldBeEmpty();
            logic.Handle(new StartTrainer(0, life), now).ShouldBeEmpty();
            now += TimeSpan.FromSeconds(wait);
            logic.Tick(now).ShouldContain(new SpawnTrainer(new TrainerKey(0, life + 1)));
            logic.NextTick.ShouldBeNull();
        }

        now += TimeSpan.FromSeconds(1001);
        logic.Ended(new TrainerKey(0, 6), new LifeFailure("It broke"), now);
        logic.NextTick.ShouldBe(now + TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void One_that_runs_out_of_memory_again_and_again_is_given_up_long_before_with_what_needs_less()
    {
        var logic = new TrainerSupervisorLogic(Options with { MemoryAdvice = "Fewer snapshots need less." });
        var now = Start;
        logic.Handle(new StartTrainer(2, 0), now);
        logic.Ended(new TrainerKey(2, 1), new LifeFailure("It broke"), now);
        for (var life = 2; life <= 3; life++)
        {
            now = logic.NextTick!.Value;
            logic.Tick(now);
            logic.Ended(new TrainerKey(2, life), new LifeFailure("It ran short", ForMemory: true), now).Count.ShouldBe(1);
        }

        now = logic.NextTick!.Value;
        logic.Tick(now);
        var last = logic.Ended(new TrainerKey(2, 4), new LifeFailure("no room", ForMemory: true), now);
        var report = ((TrainerGivenUp)((TellRun)last[1]).Report).Report;
        report.ShouldName("Trainer 2 ran out of memory 3 times", "no room. Fewer snapshots need less.", "runs/kjv/log.txt", "trainer-2-4");
        logic.NextTick.ShouldBeNull();
    }

    [Fact]
    public void One_that_is_lost_too_often_is_given_up_with_a_report_and_stays_so()
    {
        var now = Start;
        logic.Handle(new StartTrainer(2, 0), now);
        for (var life = 1; life <= 5; life++)
        {
            logic.Ended(new TrainerKey(2, life), new LifeFailure("It broke"), now);
            now = logic.NextTick!.Value;
            logic.Tick(now);
        }

        var last = logic.Ended(new TrainerKey(2, 6), new LifeFailure("IOException: no room"), now);
        var report = ((TrainerGivenUp)((TellRun)last[1]).Report).Report;
        report.ShouldName("Trainer 2 was lost 6 times within 16.67 minutes", "IOException: no room.", "runs/kjv/log.txt", "trainer-2-6");
        logic.NextTick.ShouldBeNull();
        logic.Handle(new StartTrainer(2, 6), now).ShouldBe([new TellRun(new TrainerGivenUp(2, report))]);

        // A person who takes it out and puts it in again gives it another chance.
        logic.Handle(new RetireTrainer(2), now).ShouldBeEmpty();
        logic.Handle(new StartTrainer(2, 6), now).ShouldContain(new SpawnTrainer(new TrainerKey(2, 7)));
    }

    [Fact]
    public void Losses_long_ago_do_not_count()
    {
        var now = Start;
        logic.Handle(new StartTrainer(0, 0), now);
        for (var life = 1; life <= 50; life++)
        {
            now += TimeSpan.FromSeconds(300);
            logic.Ended(new TrainerKey(0, life), new LifeFailure("It broke"), now).Count.ShouldBe(1);
            now = logic.NextTick!.Value;
            logic.Tick(now).ShouldContain(new SpawnTrainer(new TrainerKey(0, life + 1)));
        }
    }

    [Fact]
    public void One_that_hangs_is_let_go_and_another_life_begins_after_the_backoff()
    {
        var (first, second) = (new TrainerKey(1, 1), new TrainerKey(1, 2));
        logic.Handle(new StartTrainer(1, 0), Start);
        logic.Handle(new AbandonTrainer(first, "It hangs."), Start)
            .ShouldBe([new StopTrainer(first), new TellRun(new TrainerLost(first, "It hangs."))]);
        logic.Handle(new AbandonTrainer(first, "It hangs."), Start).ShouldBeEmpty();
        logic.Ended(first, new LifeFailure("It stopped."), Start).ShouldBeEmpty();
        logic.Tick(Start + Options.MinBackoff).ShouldBe([new SpawnTrainer(second), new TellRun(new TrainerStarted(second))]);
        logic.Handle(new AbandonTrainer(first, "It hangs."), Start).ShouldBeEmpty();
    }

    [Fact]
    public void A_life_that_the_run_takes_for_over_is_let_go_when_it_asks_for_a_younger_one()
    {
        logic.Handle(new StartTrainer(1, 4), Start).ShouldContain(new SpawnTrainer(new TrainerKey(1, 5)));
        logic.Handle(new StartTrainer(1, 5), Start).ShouldContain(new StopTrainer(new TrainerKey(1, 5)));
        logic.Handle(new StartTrainer(1, 5), Start).ShouldBeEmpty();
        logic.Handle(new StartTrainer(1, 5), Start + Options.MinBackoff).ShouldContain(new SpawnTrainer(new TrainerKey(1, 6)));
    }

    [Fact]
    public void A_retired_trainer_is_stopped_not_started_again_and_its_name_is_not_used_twice()
    {
        logic.Handle(new StartTrainer(1, 0), Start);
        logic.Handle(new RetireTrainer(1), Start).ShouldBe([new StopTrainer(new TrainerKey(1, 1))]);
        logic.Ended(new TrainerKey(1, 1), new LifeFailure("It stopped."), Start).ShouldBeEmpty();
        logic.NextTick.ShouldBeNull();
        logic.Handle(new StartTrainer(1, 0), Start).ShouldContain(new SpawnTrainer(new TrainerKey(1, 2)));
    }

    [Fact]
    public void Those_that_the_run_does_not_know_any_more_are_retired()
    {
        for (var number = 0; number < 3; number++)
            logic.Handle(new StartTrainer(number, 0), Start);
        logic.Handle(new RetireOthers([1]), Start).ShouldBe([new StopTrainer(new TrainerKey(0, 1)), new StopTrainer(new TrainerKey(2, 1))]);
        logic.Handle(new RetireOthers([1]), Start).ShouldBeEmpty();
    }

    [Fact]
    public void On_nodes_each_life_waits_for_a_place_and_the_end_of_a_node_is_no_failure()
    {
        var logic = new TrainerSupervisorLogic(Options with { MaxLosses = 0 }, seeksPlaces: true);
        var (first, place) = (new TrainerKey(1, 1), new Place("a"));
        logic.Handle(new StartTrainer(1, 0), Start).ShouldBe([new TellPlaces(new SeekPlace(ActorRole.Trainer, 1))]);
        logic.Handle(new StartTrainer(1, 0), Start).ShouldBe([new TellPlaces(new SeekPlace(ActorRole.Trainer, 1))]);
        logic.Placed(1, place, Start).ShouldBe([new SpawnTrainer(first) { Place = place }, new TellRun(new TrainerStarted(first) { Node = "a" })]);
        logic.Placed(1, place, Start).ShouldBeEmpty();
        logic.Placed(1, new Place("b"), Start).ShouldBe([new TellPlaces(new LeavePlace(new Place("b")))]);
        for (var life = 1; life <= 100; life++)
        {
            logic.Ended(new TrainerKey(1, life), new LifeFailure("It was killed.") { Node = NodeEnd.Lost }, Start).ShouldBe(
                [new TellRun(new TrainerLost(new TrainerKey(1, life), "It was killed.")), new TellPlaces(new SeekPlace(ActorRole.Trainer, 1))]);
            logic.Placed(1, new Place($"{life}"), Start).Count.ShouldBe(2);
        }

        // A failure of its own counts, and waits.
        logic.Ended(new TrainerKey(1, 101), new LifeFailure("It threw."), Start).Count.ShouldBe(2);
        logic.Handle(new RetireTrainer(1), Start).ShouldBeEmpty();
        logic.Handle(new StartTrainer(1, 101), Start);
        logic.Handle(new RetireTrainer(1), Start).ShouldBe([new TellPlaces(new ForgetPlace(ActorRole.Trainer, 1))]);
        logic.Placed(1, place, Start).ShouldBe([new TellPlaces(new LeavePlace(place))]);
    }

    [Fact]
    public void A_trainer_that_finds_no_place_for_a_while_is_reported_and_goes_on_waiting()
    {
        var logic = new TrainerSupervisorLogic(Options, seeksPlaces: true);
        logic.Handle(new StartTrainer(1, 0), Start);
        var due = logic.NextTick!.Value;
        logic.Tick(due - TimeSpan.FromMilliseconds(1)).ShouldBeEmpty();
        logic.Handle(new StartTrainer(1, 0), due - TimeSpan.FromMilliseconds(1));
        logic.Tick(due).ShouldBe([new TellRun(new TrainerUnplaced(1))]);
        logic.NextTick.ShouldBeNull();
        logic.Handle(new StartTrainer(1, 0), due).ShouldBe([new TellRun(new TrainerUnplaced(1)), new TellPlaces(new SeekPlace(ActorRole.Trainer, 1))]);
        logic.NextTick.ShouldBeNull();
        logic.Placed(1, new Place("a"), due).ShouldContain(new TellRun(new TrainerStarted(new TrainerKey(1, 1)) { Node = "a" }));
        logic.NextTick.ShouldBeNull();
    }

    [Fact]
    public void A_trainer_whose_node_left_in_order_is_reported_so()
    {
        var logic = new TrainerSupervisorLogic(Options, seeksPlaces: true);
        logic.Handle(new StartTrainer(1, 0), Start);
        logic.Placed(1, new Place("a"), Start);
        logic.Ended(new TrainerKey(1, 1), new LifeFailure("a left.") { Node = NodeEnd.Left }, Start)
            .ShouldContain(new TellRun(new TrainerLost(new TrainerKey(1, 1), "a left.") { HasLeft = true }));
    }

    private sealed record Place(string Node) : LifePlace(Node);

    [Fact]
    public void Options_that_do_not_fit_together_are_refused_in_one_sentence_each()
    {
        var wrong = new TrainerSupervisorOptions
        {
            Threads = 0,
            MinBackoff = TimeSpan.FromSeconds(2),
            MaxBackoff = TimeSpan.FromSeconds(1),
            ResetAfter = TimeSpan.Zero,
            MaxLosses = -1,
            Window = TimeSpan.Zero,
        };
        wrong.Problems().SelectMany(static problem => problem.Properties).Distinct()
            .ShouldBe(["MaxLosses", "Window", "Threads", "MinBackoff", "MaxBackoff", "ResetAfter"]);
        Options.Problems().ShouldBeEmpty();
        new TrainerSupervisorOptions().Problems().ShouldBeEmpty();
        Should.Throw<UserErrorException>(() => new TrainerSupervisorLogic(wrong)).Message.ShouldStartWith("MaxLosses is -1");
    }
}
