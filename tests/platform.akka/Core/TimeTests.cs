using Akka.Actor;

namespace ActorTrain.Platform.Tests.Core;

public sealed class TimeTests : CoreTest
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Never = TimeSpan.FromHours(1);

    [Fact]
    public void The_scheduler_sends_once_and_in_the_order_of_the_times()
    {
        var came = Listen();
        Sys.Scheduler.ScheduleTellOnce(TimeSpan.FromMilliseconds(60), came.Ref, "later", ActorRefs.NoSender);
        Sys.Scheduler.ScheduleTellOnce(Soon, came.Ref, "sooner", ActorRefs.NoSender);
        came.Next().ShouldBe("sooner");
        came.Next().ShouldBe("later");
        came.Waiting.ShouldBe(0);
    }

    [Fact]
    public void Nothing_is_sent_early()
    {
        var came = Listen();
        var delay = TimeSpan.FromMilliseconds(30);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Sys.Scheduler.ScheduleTellOnce(delay, came.Ref, "due", ActorRefs.NoSender);
        came.Next();
        clock.Elapsed.ShouldBeGreaterThanOrEqualTo(delay - TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public void The_scheduler_repeats_until_it_is_called_off()
    {
        var came = Listen();
        var cancelable = Sys.Scheduler.ScheduleTellRepeatedlyCancelable(Soon, Soon, came.Ref, "tick", ActorRefs.NoSender);
        for (var i = 0; i < 5; i++)
            came.Next().ShouldBe("tick");
        cancelable.Cancel();
        cancelable.IsCancellationRequested.ShouldBeTrue();
        // A mark that is sent well after the call: at most one tick was on its way.
        Sys.Scheduler.ScheduleTellOnce(TimeSpan.FromMilliseconds(50), came.Ref, "mark", ActorRefs.NoSender);
        while (came.Next() is "tick")
            came.Waiting.ShouldBeLessThan(5);
    }

    [Fact]
    public void What_was_called_off_before_its_time_does_not_come()
    {
        var came = Listen();
        var cancelable = Sys.Scheduler.ScheduleTellOnceCancelable(Soon, came.Ref, "never", ActorRefs.NoSender);
        cancelable.Cancel();
        Sys.Scheduler.ScheduleTellOnce(Soon + Soon, came.Ref, "mark", ActorRefs.NoSender);
        came.Next().ShouldBe("mark");
    }

    [Fact]
    public void Actions_run_and_one_that_throws_does_not_end_the_scheduler()
    {
        using var ran = new ManualResetEventSlim();
        Sys.Scheduler.Advanced.ScheduleOnce(Soon, () => throw new InvalidOperationException("thrown on purpose"));
        Sys.Scheduler.Advanced.ScheduleOnce(Soon + Soon, ran.Set);
        ran.Wait(Patience).ShouldBeTrue();
    }

    [Fact]
    public void Negative_times_are_refused()
        => Should.Throw<ArgumentOutOfRangeException>(() => Sys.Scheduler.ScheduleTellOnce(TimeSpan.FromMilliseconds(-1), Listen().Ref, "x", ActorRefs.NoSender));

    [Fact]
    public void A_cancelable_ends_by_itself_after_its_time()
    {
        using var cancelable = new Cancelable(Sys.Scheduler, Soon);
        cancelable.Token.WaitHandle.WaitOne(Patience).ShouldBeTrue();
        cancelable.IsCancellationRequested.ShouldBeTrue();
    }

    [Fact]
    public void A_timer_of_the_same_key_replaces_the_one_before_even_if_its_message_is_in_the_mailbox()
    {
        var came = Listen();
        var actor = Sys.ActorOf(Props.Create(() => new Timed(came.Ref)));
        actor.Tell("replace");
        came.Next().ShouldBe("second");
        actor.Tell("active?");
        came.Next().ShouldBe(false);
    }

    [Fact]
    public void A_periodic_timer_goes_on_until_it_is_cancelled()
    {
        var came = Listen();
        var actor = Sys.ActorOf(Props.Create(() => new Timed(came.Ref)));
        actor.Tell("repeat");
        for (var i = 0; i < 3; i++)
            came.Next().ShouldBe("again");
        actor.Tell("cancel");
        while (came.Next() is "again")
        {
        }
        actor.Tell("active?");
        came.Next().ShouldBe(false);
    }

    [Fact]
    public void A_restart_ends_the_timers()
    {
        var came = Listen();
        var actor = Sys.ActorOf(Props.Create(() => new Timed(came.Ref)));
        actor.Tell("far");
        actor.Tell("active?");
        came.Next().ShouldBe(true);
        actor.Tell("fail");
        actor.Tell("active?");
        came.Next().ShouldBe(false);
    }

    [Fact]
    public void The_receive_timeout_comes_again_and_again_until_it_is_switched_off()
    {
        var came = Listen();
        var actor = Act((message, context) =>
        {
            switch (message)
            {
                case "on":
                    context.SetReceiveTimeout(Soon);
                    break;
                case "off":
                    context.SetReceiveTimeout(null);
                    came.Ref.Tell("off");
                    break;
                default:
                    came.Ref.Tell(message);
                    break;
            }
        });
        actor.Tell("on");
        came.Next().ShouldBe(ReceiveTimeout.Instance);
        came.Next().ShouldBe(ReceiveTimeout.Instance);
        actor.Tell("off");
        while (came.Next() is ReceiveTimeout)
        {
        }
    }

    [Fact]
    public async Task A_system_that_has_ended_takes_no_more_appointments()
    {
        var other = ActorSystem.Create("ended", Akka.Configuration.ConfigurationFactory.ParseString(Silent));
        var scheduler = other.Scheduler;
        await other.Terminate().WaitAsync(Patience);
        Should.Throw<SchedulerException>(() => scheduler.Advanced.ScheduleOnce(Soon, () => { }));
    }

    private sealed class Timed : ReceiveActor, IWithTimers
    {
        public Timed(IActorRef listener)
        {
            Receive<string>(s => s == "replace", _ =>
            {
                Timers.StartSingleTimer("key", "first", TimeSpan.Zero);
                // By now the first may be in the mailbox; it must not come.
                SpinWait.SpinUntil(() => ((ActorCell)Context).HasMessages, Patience);
                Timers.StartSingleTimer("key", "second", Soon);
            });
            Receive<string>(s => s == "repeat", _ => Timers.StartPeriodicTimer("key", "again", Soon));
            Receive<string>(s => s == "far", _ => Timers.StartSingleTimer("key", "far off", Never));
            Receive<string>(s => s == "cancel", _ =>
            {
                Timers.Cancel("key");
                listener.Tell("cancelled");
            });
            Receive<string>(s => s == "active?", _ => listener.Tell(Timers.IsTimerActive("key")));
            Receive<string>(s => s == "fail", _ => throw new InvalidOperationException("fail"));
            ReceiveAny(listener.Tell);
        }

        public ITimerScheduler Timers { get; set; } = null!;
    }
}
