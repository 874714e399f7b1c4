using Akka.Actor;
using Akka.Pattern;
using Akka.TestKit;

namespace ActorTrain.Tests.PlatformAkka;

public sealed class BackoffSupervisorTests : ActorTest
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Moment = TimeSpan.FromTicks(1);

    public BackoffSupervisorTests()
        : base(VirtualTime)
    {
    }

    private Props ChildProps => Props.Create(() => new Child(TestActor)).WithDispatcher(CallingThreadDispatcher.Id);

    [Fact]
    public void Messages_are_passed_to_the_child_in_the_name_of_their_sender()
    {
        var supervisor = Started(OnStop());
        var probe = CreateTestProbe();

        probe.Send(supervisor, "who");

        probe.ExpectMsgFrom(CurrentChild(supervisor), "I");
    }

    [Fact]
    public void What_the_child_tells_its_parent_is_passed_up()
    {
        var probe = CreateTestProbe();
        var supervisor = probe.ChildActorOf(BackoffSupervisor.Props(OnStop()).WithDispatcher(CallingThreadDispatcher.Id));
        ExpectMsg("started");

        supervisor.Tell("report");

        probe.ExpectMsgFrom(supervisor, "reported");
    }

    [Theory]
    [InlineData("stop", false)]
    [InlineData("fail", true)]
    public void Each_pause_is_twice_as_long_up_to_a_limit(string order, bool onFailure)
    {
        var supervisor = Started(onFailure ? OnFailure() : OnStop());
        foreach (var seconds in (int[])[1, 2, 4, 8, 8, 8])
        {
            supervisor.Tell(order);
            CurrentChild(supervisor).ShouldBeNull();
            Clock.Advance((seconds * Second) - Moment);
            ExpectNoMsg(TimeSpan.Zero);
            Clock.Advance(Moment);
            ExpectMsg("started");
        }
    }

    [Fact]
    public void Chance_makes_a_pause_longer_by_its_share_at_most()
    {
        var supervisor = Started(Backoff.OnStop(ChildProps, "child", Second, 8 * Second, 0.5, -1));

        supervisor.Tell("stop");
        Clock.Advance(Second - Moment);
        ExpectNoMsg(TimeSpan.Zero);
        Clock.Advance(Second / 2 + Moment);

        ExpectMsg("started");
    }

    [Fact]
    public void A_child_that_ran_for_long_enough_starts_the_pauses_anew()
    {
        var supervisor = Started(OnStop().WithAutoReset(3 * Second));
        Restart(supervisor, "stop", 1);
        Restart(supervisor, "stop", 2);
        RestartCount(supervisor).ShouldBe(2);

        Clock.Advance(3 * Second);

        RestartCount(supervisor).ShouldBe(0);
        Restart(supervisor, "stop", 1);
    }

    [Fact]
    public void A_child_that_did_not_run_for_long_enough_does_not()
    {
        var supervisor = Started(OnStop().WithAutoReset(3 * Second));
        Restart(supervisor, "stop", 1);
        Clock.Advance(2 * Second);
        Restart(supervisor, "stop", 2);

        Clock.Advance(2 * Second);

        RestartCount(supervisor).ShouldBe(2);
    }

    [Fact]
    public void A_child_may_start_the_pauses_anew_by_hand()
    {
        var supervisor = Started(OnStop().WithManualReset());
        Restart(supervisor, "stop", 1);
        Restart(supervisor, "stop", 2);
        Clock.Advance(100 * Second);
        RestartCount(supervisor).ShouldBe(2);

        supervisor.Tell("well");

        RestartCount(supervisor).ShouldBe(0);
        Restart(supervisor, "stop", 1);
    }

    [Fact]
    public void While_there_is_no_child_messages_are_dead_letters_or_answered()
    {
        var silent = Started(OnStop());
        silent.Tell("stop");
        EventFilter.DeadLetter<string>(text => text == "lost").ExpectOne(() => silent.Tell("lost"));

        var polite = Started(OnStop().WithReplyWhileStopped("come back later"));
        polite.Tell("stop");
        polite.Tell("not lost");
        ExpectMsgFrom(polite, "come back later");
    }

    [Theory]
    [InlineData("stop", false)]
    [InlineData("fail", true)]
    public void After_too_many_restarts_the_supervisor_stops(string order, bool onFailure)
    {
        var supervisor = Started((onFailure ? OnFailure() : OnStop()).WithMaxNrOfRetries(2));
        Watch(supervisor);
        Restart(supervisor, order, 1);
        Restart(supervisor, order, 2);

        supervisor.Tell(order);

        ExpectTerminated(supervisor);
    }

    [Fact]
    public void On_failure_a_child_that_stops_by_itself_has_done_its_work()
    {
        var supervisor = Started(OnFailure());
        Watch(supervisor);

        supervisor.Tell("stop");

        ExpectTerminated(supervisor);
    }

    [Fact]
    public void On_stop_a_child_that_throws_is_restarted_at_once()
    {
        var supervisor = Started(OnStop());
        var child = CurrentChild(supervisor);

        supervisor.Tell("fail");

        ExpectMsg("started");
        CurrentChild(supervisor).ShouldBe(child);
        RestartCount(supervisor).ShouldBe(0);
    }

    [Fact]
    public void On_stop_with_the_stopping_strategy_a_child_that_throws_waits_too()
    {
        var supervisor = Started(OnStop().WithDefaultStoppingStrategy());

        Restart(supervisor, "fail", 1);
        Restart(supervisor, "fail", 2);
    }

    [Fact]
    public void The_strategy_decides_which_failures_lead_to_a_pause()
    {
        var supervisor = Started(OnFailure().WithSupervisorStrategy(
            new OneForOneStrategy(cause => cause.Message == "resume" ? Directive.Resume : Directive.Restart)));
        var child = CurrentChild(supervisor);

        supervisor.Tell("resume");
        CurrentChild(supervisor).ShouldBe(child);

        Restart(supervisor, "fail", 1);
    }

    [Fact]
    public void After_a_final_message_the_supervisor_stops_with_the_child()
    {
        var supervisor = Started(OnStop().WithFinalStopMessage(message => message is "stop"));
        Watch(supervisor);

        supervisor.Tell("stop");

        ExpectTerminated(supervisor);
    }

    [Fact]
    public void Senseless_settings_are_refused()
    {
        Should.Throw<ArgumentException>(() => BackoffSupervisor.Props(Backoff.OnStop(ChildProps, "child", TimeSpan.Zero, Second, 0, -1)));
        Should.Throw<ArgumentException>(() => BackoffSupervisor.Props(Backoff.OnStop(ChildProps, "child", 2 * Second, Second, 0, -1)));
        Should.Throw<ArgumentException>(() => BackoffSupervisor.Props(Backoff.OnStop(ChildProps, "child", Second, Second, 1.5, -1)));
    }

    private BackoffOptions OnStop() => Backoff.OnStop(ChildProps, "child", Second, 8 * Second, 0, -1);

    private BackoffOptions OnFailure() => Backoff.OnFailure(ChildProps, "child", Second, 8 * Second, 0, -1);

    private IActorRef Started(BackoffOptions options)
    {
        var supervisor = ActorOnThisThread(BackoffSupervisor.Props(options));
        ExpectMsg("started");
        return supervisor;
    }

    private void Restart(IActorRef supervisor, string order, int seconds)
    {
        supervisor.Tell(order);
        CurrentChild(supervisor).ShouldBeNull();
        Clock.Advance((seconds * Second) - Moment);
        ExpectNoMsg(TimeSpan.Zero);
        Clock.Advance(Moment);
        ExpectMsg("started");
    }

    private IActorRef CurrentChild(IActorRef supervisor)
    {
        supervisor.Tell(BackoffSupervisor.GetCurrentChild.Instance);
        return ExpectMsg<BackoffSupervisor.CurrentChild>().Ref;
    }

    private int RestartCount(IActorRef supervisor)
    {
        supervisor.Tell(BackoffSupervisor.GetRestartCount.Instance);
        return ExpectMsg<BackoffSupervisor.RestartCount>().Count;
    }

    private sealed class Child : ReceiveActor
    {
        private readonly IActorRef witness;

        public Child(IActorRef witness)
        {
            this.witness = witness;
            Receive<string>(text =>
            {
                switch (text)
                {
                    case "stop":
                        Context.Stop(Self);
                        break;
                    case "fail" or "resume":
                        throw new InvalidOperationException(text);
                    case "report":
                        Context.Parent.Tell("reported");
                        break;
                    case "well":
                        Context.Parent.Tell(BackoffSupervisor.Reset.Instance);
                        break;
                    default:
                        Sender.Tell("I");
                        break;
                }
            });
        }

        protected override void PreStart() => witness.Tell("started", ActorRefs.NoSender);
    }
}
