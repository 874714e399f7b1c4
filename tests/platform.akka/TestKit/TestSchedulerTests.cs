using Akka.Actor;

namespace ActorTrain.Tests.PlatformAkka;

public sealed class TestSchedulerTests : ActorTest
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Moment = TimeSpan.FromTicks(1);

    public TestSchedulerTests()
        : base(VirtualTime)
    {
    }

    [Fact]
    public void A_message_comes_when_its_time_has_come_and_not_before()
    {
        Clock.ScheduleTellOnce(Second, TestActor, "ring", TestActor);

        Clock.Advance(Second - Moment);
        ExpectNoMsg(TimeSpan.Zero);
        Clock.Advance(Moment);
        ExpectMsgFrom(TestActor, "ring");
        Clock.Advance(10 * Second);
        ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public void The_clock_shows_the_time_that_it_was_moved_to()
    {
        var start = Clock.Now;

        Clock.Advance(Second);
        Clock.Now.ShouldBe(start + Second);
        Clock.AdvanceTo(start + (3 * Second));
        Clock.Now.ShouldBe(start + (3 * Second));
        Should.Throw<InvalidOperationException>(() => Clock.AdvanceTo(start));
    }

    [Fact]
    public void Work_runs_in_the_order_of_its_time()
    {
        Clock.ScheduleTellOnce(2 * Second, TestActor, "second", TestActor);
        Clock.ScheduleTellOnce(3 * Second, TestActor, "third", TestActor);
        Clock.ScheduleTellOnce(Second, TestActor, "first", TestActor);
        Clock.ScheduleTellOnce(2 * Second, TestActor, "second too", TestActor);

        Clock.Advance(3 * Second);

        ReceiveN(4).ShouldBe(["first", "second", "second too", "third"]);
    }

    [Fact]
    public void Repeated_work_comes_again_after_each_interval()
    {
        Clock.ScheduleTellRepeatedly(Second, 2 * Second, TestActor, "tick", TestActor);

        Clock.Advance(Second);
        ExpectMsg("tick");
        Clock.Advance(Second);
        ExpectNoMsg(TimeSpan.Zero);
        Clock.Advance(Second);
        ExpectMsg("tick");
        Clock.Advance(2 * Second);
        ExpectMsg("tick");
    }

    [Fact]
    public void Cancelled_work_does_not_come()
    {
        var once = new Cancelable(Sys.Scheduler);
        var repeated = new Cancelable(Sys.Scheduler);
        Clock.ScheduleTellOnce(Second, TestActor, "once", TestActor, once);
        Clock.ScheduleTellRepeatedly(Second, Second, TestActor, "tick", TestActor, repeated);
        Clock.Advance(Second);
        ReceiveN(2).ShouldBe(["once", "tick"]);

        Clock.ScheduleTellOnce(Second, TestActor, "once more", TestActor, once);
        once.Cancel();
        repeated.Cancel();
        Clock.Advance(2 * Second);

        ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public void Actions_run_too()
    {
        var runs = 0;
        Clock.Advanced.ScheduleOnce(Second, () => runs++);
        Clock.Advanced.ScheduleRepeatedly(Second, Second, () => runs += 10);

        Clock.Advance(Second);
        runs.ShouldBe(11);
        Clock.Advance(Second);
        runs.ShouldBe(21);
    }

    [Fact]
    public void Timers_of_actors_follow_the_clock()
    {
        var actor = ActorOnThisThread(Props.Create(() => new Waiting(TestActor)));
        actor.Tell("start");
        Clock.Advance(Second - Moment);
        ExpectNoMsg(TimeSpan.Zero);

        Clock.Advance(Moment);

        ExpectMsg("timer");
    }

    [Fact]
    public void The_receive_timeout_of_an_actor_follows_the_clock()
    {
        var actor = ActorOnThisThread(Props.Create(() => new Waiting(TestActor)));
        actor.Tell(Second);
        Clock.Advance(Second - Moment);
        actor.Tell("activity");
        Clock.Advance(Second - Moment);
        ExpectNoMsg(TimeSpan.Zero);

        Clock.Advance(Moment);

        ExpectMsg("idle");
    }

    private sealed class Waiting : ReceiveActor, IWithTimers
    {
        public Waiting(IActorRef witness)
        {
            Receive<string>(text => text == "start", _ => Timers.StartSingleTimer("key", "timer", Second));
            Receive<string>(text => text == "timer", witness.Tell);
            Receive<string>(_ => { });
            Receive<TimeSpan>(idle => Context.SetReceiveTimeout(idle));
            Receive<ReceiveTimeout>(_ =>
            {
                Context.SetReceiveTimeout(null);
                witness.Tell("idle");
            });
        }

        public ITimerScheduler Timers { get; set; } = null!;
    }
}
