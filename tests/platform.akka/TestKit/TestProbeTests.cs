using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.TestActors;
using Xunit.Sdk;

namespace ActorTrain.Tests.PlatformAkka;

public sealed class TestProbeTests : ActorTest
{
    [Fact]
    public void A_probe_sends_in_its_own_name_and_answers()
    {
        var asker = CreateTestProbe();
        var answerer = CreateTestProbe();

        asker.Send(answerer.Ref, "question");
        answerer.ExpectMsg("question");
        answerer.Sender.ShouldBe(asker.Ref);
        answerer.Reply("answer");

        asker.ExpectMsgFrom(answerer.Ref, "answer");
        ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public void A_probe_passes_messages_on_in_the_name_of_their_sender()
    {
        var (first, middle, last) = (CreateTestProbe(), CreateTestProbe(), CreateTestProbe());
        first.Send(middle.Ref, "letter");
        middle.ExpectMsg("letter");

        middle.Forward(last.Ref);
        middle.Forward(last.Ref, "postcard");

        last.ExpectMsgFrom(first.Ref, "letter");
        last.ExpectMsgFrom(first.Ref, "postcard");
    }

    [Fact]
    public void Probes_have_queues_of_their_own()
    {
        var (one, two) = (CreateTestProbe(), CreateTestProbe());

        one.Ref.Tell("for one");

        two.ExpectNoMsg(TimeSpan.Zero);
        ExpectNoMsg(TimeSpan.Zero);
        one.ExpectMsg("for one");
    }

    [Fact]
    public void A_probe_has_the_name_that_it_is_given()
    {
        CreateTestProbe("witness").Ref.Path.Name.ShouldBe("witness");
    }

    [Fact]
    public void A_probe_is_a_reference_too()
    {
        var probe = CreateTestProbe();
        IActorRef reference = probe;

        reference.Tell("hello", TestActor);

        probe.ExpectMsgFrom(TestActor, "hello");
        reference.Equals(probe.Ref).ShouldBeTrue();
        probe.Ref.Equals(reference).ShouldBeTrue();
        reference.Path.ShouldBe(probe.Ref.Path);
    }

    [Fact]
    public void An_actor_may_watch_a_probe()
    {
        var probe = CreateTestProbe();
        Watch(probe);

        Sys.Stop(probe.Ref);

        ExpectTerminated(probe);
    }

    [Fact]
    public void The_end_of_a_watched_actor_is_expected()
    {
        var actor = Watch(Sys.ActorOf(BlackHoleActor.Props));

        Sys.Stop(actor);

        ExpectTerminated(actor).ExistenceConfirmed.ShouldBeTrue();
    }

    [Fact]
    public void The_end_of_another_actor_is_not_the_one_expected()
    {
        var (one, two) = (Watch(Sys.ActorOf(BlackHoleActor.Props)), Watch(Sys.ActorOf(BlackHoleActor.Props)));

        Sys.Stop(two);

        Should.Throw<XunitException>(() => ExpectTerminated(one));
    }

    [Fact]
    public void After_unwatch_the_end_is_not_told()
    {
        var actor = Watch(ActorOnThisThread(BlackHoleActor.Props));
        Unwatch(actor);

        Sys.Stop(actor);

        ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public void An_auto_pilot_answers_until_it_stops()
    {
        var probe = CreateTestProbe();
        probe.SetAutoPilot(new DelegateAutoPilot((sender, message) =>
        {
            sender.Tell($"echo {message}", ActorRefs.NoSender);
            return message is "last" ? AutoPilot.NoAutoPilot : AutoPilot.KeepRunning;
        }));

        probe.Ref.Tell("first", TestActor);
        probe.Ref.Tell("last", TestActor);
        probe.Ref.Tell("unanswered", TestActor);

        ReceiveN(2).ShouldBe(["echo first", "echo last"]);
        ExpectNoMsg(TimeSpan.Zero);
        probe.ReceiveN(3).ShouldBe(["first", "last", "unanswered"]);
    }

    [Fact]
    public void An_auto_pilot_may_hand_over_to_another()
    {
        var second = new DelegateAutoPilot((sender, _) =>
        {
            sender.Tell("second", ActorRefs.NoSender);
            return AutoPilot.KeepRunning;
        });
        SetAutoPilot(new DelegateAutoPilot((sender, _) =>
        {
            sender.Tell("first", ActorRefs.NoSender);
            return second;
        }));
        var probe = CreateTestProbe();

        probe.Send(TestActor, 1);
        probe.Send(TestActor, 2);
        probe.Send(TestActor, 3);

        probe.ReceiveN(3).ShouldBe(["first", "second", "second"]);
    }

    [Fact]
    public void A_child_of_a_probe_reports_to_it_and_is_stopped_when_it_fails()
    {
        var probe = CreateTestProbe();
        var child = probe.ChildActorOf<Talkative>("child");
        child.Path.Parent.ShouldBe(probe.Ref.Path);

        child.Tell("say");
        probe.ExpectMsgFrom(child, "said");

        Watch(child);
        EventFilter.Exception<InvalidOperationException>("told to fail").ExpectOne(() => child.Tell("fail"));
        ExpectTerminated(child);
    }

    [Fact]
    public void A_child_of_a_probe_is_supervised_by_the_strategy_given()
    {
        var probe = CreateTestProbe();
        var child = probe.ChildActorOf<Talkative>(new OneForOneStrategy(_ => Directive.Restart));

        EventFilter.Exception<InvalidOperationException>().ExpectOne(() => child.Tell("fail"));
        child.Tell("say");

        probe.ExpectMsgFrom(child, "said");
    }

    [Fact]
    public void The_echo_actor_answers_and_tells_the_test()
    {
        var echo = ActorOnThisThread(EchoActor.Props(this));
        var probe = CreateTestProbe();

        probe.Send(echo, "hello");

        probe.ExpectMsg("hello");
        ExpectMsgFrom(probe.Ref, "hello");
    }

    private sealed class Talkative : ReceiveActor
    {
        public Talkative()
        {
            Receive<string>(text => text == "fail", _ => throw new InvalidOperationException("told to fail"));
            Receive<string>(_ => Context.Parent.Tell("said"));
        }
    }
}
