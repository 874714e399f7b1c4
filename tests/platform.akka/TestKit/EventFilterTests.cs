using System.Text.RegularExpressions;
using Akka.Actor;
using Akka.Event;
using Akka.TestKit;
using Akka.TestKit.TestActors;
using Xunit.Sdk;

namespace ActorTrain.Tests.PlatformAkka;

public sealed class EventFilterTests : ActorTest
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(1);

    [Fact]
    public void An_event_is_expected_by_its_level_and_words()
    {
        EventFilter.Error("exactly").ExpectOne(() => Log.Error("exactly"));
        EventFilter.Error("its cause").ExpectOne(() => Log.Error(new InvalidOperationException("its cause"), "the error"));
        EventFilter.Warning(start: "be").ExpectOne(() => Log.Warning("begins"));
        EventFilter.Info(contains: "dd").ExpectOne(() => Log.Info("middle"));
        EventFilter.Debug(new Regex("^d.b.g$")).ExpectOne(() => Log.Debug("debug"));
    }

    [Fact]
    public void An_event_of_another_level_or_with_other_words_is_not_the_one_expected()
    {
        Should.Throw<XunitException>(() => EventFilter.Error("words").ExpectOne(Soon, () => Log.Warning("words")));
        Should.Throw<XunitException>(() => EventFilter.Error("words").ExpectOne(Soon, () => Log.Error("other words")))
            .Message.ShouldContain("0/1");
    }

    [Fact]
    public void A_failure_of_an_actor_is_expected_by_its_exception()
    {
        var actor = Sys.ActorOf<Fragile>("fragile");

        EventFilter.Exception<InvalidOperationException>("broken").ExpectOne(() => actor.Tell("broken"));
        EventFilter.Exception<InvalidOperationException>(source: actor.Path.ToString()).ExpectOne(() => actor.Tell("broken"));
        EventFilter.Exception<Exception>(new Regex("^bro")).ExpectOne(() => actor.Tell("broken"));
        Should.Throw<XunitException>(() => EventFilter.Exception<ArgumentException>().ExpectOne(Soon, () => actor.Tell("broken")));
    }

    [Fact]
    public void A_number_of_events_is_expected()
    {
        EventFilter.Info("tick").Expect(3, () =>
        {
            Log.Info("tick");
            Log.Info("tock");
            Log.Info("tick");
            Log.Info("tick");
        });
    }

    [Fact]
    public void Too_many_events_fail()
    {
        var logged = CreateTestLatch();
        using var end = EventFilter.Custom(e =>
        {
            if (!"end".Equals(e.Message.ToString(), StringComparison.Ordinal))
                return false;
            logged.CountDown();
            return true;
        }).Mute();

        Should.Throw<XunitException>(() => EventFilter.Warning("twice").ExpectOne(() =>
        {
            Log.Warning("twice");
            Log.Warning("twice");
            Log.Warning("end");
            logged.Ready();
        })).Message.ShouldContain("too many");
    }

    [Fact]
    public void No_event_may_be_expected()
    {
        EventFilter.Warning("never").Expect(0, Soon, () => Log.Warning("other"));
    }

    [Fact]
    public void What_the_function_returns_is_passed_through()
    {
        EventFilter.Info("said").ExpectOne(() =>
        {
            Log.Info("said");
            return 7;
        }).ShouldBe(7);
    }

    [Fact]
    public async Task Events_are_expected_asynchronously()
    {
        await EventFilter.Info("later").ExpectOneAsync(() => Task.Run(() => Log.Info("later")));
        await EventFilter.Info("later").ExpectAsync(2, async () =>
        {
            Log.Info("later");
            await Task.Yield();
            Log.Info("later");
        });
    }

    [Fact]
    public void A_dead_letter_is_expected_by_its_message()
    {
        var actor = Watch(Sys.ActorOf(BlackHoleActor.Props));
        Sys.Stop(actor);
        ExpectTerminated(actor);

        EventFilter.DeadLetter().ExpectOne(() => actor.Tell("anything"));
        EventFilter.DeadLetter<int>(number => number == 7).ExpectOne(() =>
        {
            actor.Tell(6);
            actor.Tell(7);
        });
        EventFilter.DeadLetter<string>(source: actor.Path.ToString()).ExpectOne(() => actor.Tell("to the dead"));
    }

    [Fact]
    public void A_message_that_no_actor_handles_is_a_warning()
    {
        var actor = Sys.ActorOf<Fragile>();

        EventFilter.Warning(start: "Unhandled message from").ExpectOne(() => actor.Tell(7));
    }

    [Fact]
    public void Filters_work_together()
    {
        EventFilter.Info("one").And.Warning("two").Expect(2, () =>
        {
            Log.Info("one");
            Log.Warning("two");
            Log.Warning("one");
        });
    }

    [Fact]
    public void An_event_is_expected_by_a_predicate()
    {
        EventFilter.Custom<Warning>(e => e.Message.ToString() is "odd").ExpectOne(() => Log.Warning("odd"));
        EventFilter.ForLogLevel(LogLevel.ErrorLevel, "bad").ExpectOne(() => Log.Error("bad"));
    }

    private sealed class Fragile : ReceiveActor
    {
        public Fragile() => Receive<string>(text => throw new InvalidOperationException(text));
    }
}
