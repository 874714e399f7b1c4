using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.TestKit;
using Akka.TestKit.TestActors;
using Akka.TestKit.Xunit2;
using Xunit.Abstractions;

namespace ActorTrain.Tests.PlatformAkka;

public sealed class KitTests : ActorTest
{
    [Fact]
    public void What_a_test_tells_has_the_test_actor_as_its_sender()
    {
        var probe = CreateTestProbe();

        probe.Ref.Tell("hello");

        probe.ExpectMsgFrom(TestActor, "hello");
    }

    [Fact]
    public async Task So_has_what_it_tells_after_an_await()
    {
        var probe = CreateTestProbe();
        await Task.Yield();
        await Task.Run(static () => { });

        probe.Ref.Tell("hello");

        probe.ExpectMsgFrom(TestActor, "hello");
    }

    [Fact]
    public void An_actor_on_the_calling_thread_has_done_its_work_when_the_call_returns()
    {
        var thread = 0;
        Action note = () => thread = Environment.CurrentManagedThreadId;
        var actor = ActorOnThisThread(Props.Create(() => new Doing(note)));

        actor.Tell("now");

        thread.ShouldBe(Environment.CurrentManagedThreadId);
    }

    [Fact]
    public void Actors_on_the_calling_thread_finish_a_message_before_the_next()
    {
        var log = new List<string>();
        var second = ActorOnThisThread(Props.Create(() => new Calling("second", log, null!)));
        var first = ActorOnThisThread(Props.Create(() => new Calling("first", log, second)));

        first.Tell(2);

        log.ShouldBe(["first 2 begins", "second 1 begins", "second 1 ends", "first 2 ends", "first 0 begins", "first 0 ends"]);
    }

    [Fact]
    public void A_test_looks_into_an_actor_through_its_test_reference()
    {
        var counter = ActorOfAsTestActorRef<Counting>("counter");

        counter.Tell("one");
        counter.Tell("two");

        counter.UnderlyingActor.Count.ShouldBe(2);
        counter.Path.Name.ShouldBe("counter");
        Watch(counter);
        Sys.Stop(counter);
        ExpectTerminated(counter);
    }

    [Fact]
    public void The_actor_system_ends_with_its_test()
    {
        ActorSystem system;
        using (var kit = new TestKit())
        {
            system = kit.Sys;
            system.WhenTerminated.IsCompleted.ShouldBeFalse();
        }

        system.WhenTerminated.IsCompletedSuccessfully.ShouldBeTrue();
    }

    [Fact]
    public void Defaults_are_those_of_the_field()
    {
        using var kit = new TestKit();

        kit.TestKitSettings.SingleExpectDefault.ShouldBe(TimeSpan.FromSeconds(3));
        kit.TestKitSettings.TestEventFilterLeeway.ShouldBe(TimeSpan.FromSeconds(3));
        kit.TestKitSettings.DefaultTimeout.ShouldBe(TimeSpan.FromSeconds(5));
        kit.TestKitSettings.TestTimeFactor.ShouldBe(1.0);
        kit.TestKitSettings.LogTestKitCalls.ShouldBeFalse();
        kit.Sys.Name.ShouldBe("test");
    }

    [Fact]
    public void A_kit_takes_its_configuration_as_text_or_as_an_object_with_a_name_for_the_system()
    {
        using var byText = new TestKit("a.b = 7");
        using var byObject = new TestKit(ConfigurationFactory.ParseString("a.b = 8"), "named");

        byText.Sys.Settings.Config.GetInt("a.b").ShouldBe(7);
        byObject.Sys.Settings.Config.GetInt("a.b").ShouldBe(8);
        byObject.Sys.Name.ShouldBe("named");
        byObject.Sys.Settings.Config.GetTimeSpan("akka.test.default-timeout").ShouldBe(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void A_kit_may_use_an_actor_system_that_is_there()
    {
        using var other = new TestKit();
        using var kit = new TestKit(other.Sys);

        kit.Sys.ShouldBeSameAs(other.Sys);
        kit.TestActor.ShouldNotBe(other.TestActor);
    }

    [Fact]
    public void The_log_goes_to_the_output_of_the_test()
    {
        var output = new Lines();
        using var kit = new TestKit("akka.loglevel = INFO", output);

        kit.Sys.Log.Warning("to be read");

        kit.AwaitCondition(() => output.All.Any(line => line.Contains("to be read", StringComparison.Ordinal)), TimeSpan.FromSeconds(60), TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public void What_a_test_did_not_look_at_ends_as_dead_letters()
    {
        var probe = CreateTestProbe();
        probe.Ref.Tell("never read");

        EventFilter.DeadLetter<string>(text => text == "never read").ExpectOne(() => Sys.Stop(probe.Ref));
    }

    private sealed class Lines : ITestOutputHelper
    {
        private readonly List<string> lines = [];

        public IReadOnlyList<string> All
        {
            get
            {
                lock (lines)
                    return [.. lines];
            }
        }

        public void WriteLine(string message)
        {
            lock (lines)
                lines.Add(message);
        }

        public void WriteLine(string format, params object[] args) => WriteLine(string.Format(format, args));
    }

    private sealed class Doing : ReceiveActor
    {
        public Doing(Action action) => Receive<string>(_ => action());
    }

    private sealed class Calling : ReceiveActor
    {
        public Calling(string name, List<string> log, IActorRef next) => Receive<int>(depth =>
        {
            log.Add($"{name} {depth} begins");
            if (depth > 1)
                Self.Tell(0);
            if (depth > 0)
                next?.Tell(depth - 1);
            log.Add($"{name} {depth} ends");
        });
    }

    private sealed class Counting : ReceiveActor
    {
        public Counting() => ReceiveAny(_ => Count++);

        public int Count { get; private set; }
    }
}

public sealed class NoImplicitSenderTests : ActorTest, INoImplicitSender
{
    [Fact]
    public void Without_an_implicit_sender_nobody_sends()
    {
        var probe = CreateTestProbe();

        probe.Ref.Tell("hello");

        probe.ExpectMsg("hello");
        probe.Sender.ShouldBe(Sys.DeadLetters);
    }
}
