using System.Collections;
using Akka.Actor;
using Akka.TestKit;
using Xunit.Sdk;

namespace ActorTrain.Tests.PlatformAkka;

public sealed class ExpectationTests : ActorTest
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(1);

    [Fact]
    public void A_message_is_expected_by_its_type()
    {
        TestActor.Tell("hello");

        ExpectMsg<string>().ShouldBe("hello");
    }

    [Fact]
    public void A_message_of_another_type_fails_and_says_what_came()
    {
        TestActor.Tell("hello");

        Should.Throw<XunitException>(() => ExpectMsg<int>()).Message.ShouldContain("hello");
    }

    [Fact]
    public void No_message_at_all_fails_after_the_time()
    {
        Should.Throw<XunitException>(() => ExpectMsg<string>(Soon)).Message.ShouldContain("Timeout");
    }

    [Fact]
    public void A_message_is_expected_by_its_value_and_sequences_by_their_elements()
    {
        TestActor.Tell("hello");
        TestActor.Tell(new[] { 1, 2 });
        TestActor.Tell(new[] { 1, 3 });

        ExpectMsg("hello");
        ExpectMsg(new[] { 1, 2 });
        Should.Throw<XunitException>(() => ExpectMsg(new[] { 1, 2 }));
    }

    [Fact]
    public void A_message_is_expected_by_a_predicate()
    {
        TestActor.Tell(4);
        TestActor.Tell(5);

        ExpectMsg<int>(number => number % 2 == 0).ShouldBe(4);
        Should.Throw<XunitException>(() => ExpectMsg<int>(number => number % 2 == 0));
    }

    [Fact]
    public void A_message_is_expected_by_further_assertions_on_it_and_its_sender()
    {
        var other = CreateTestProbe();
        TestActor.Tell(4, other.Ref);
        TestActor.Tell(5, other.Ref);
        TestActor.Tell(6, other.Ref);

        ExpectMsg<int>((number, sender) =>
        {
            number.ShouldBe(4);
            sender.ShouldBe(other.Ref);
        });
        ExpectMsg<int>((number, sender) => number == 5 && sender.Equals(other.Ref));
        Should.Throw<ShouldAssertException>(() => ExpectMsg<int>(number => { number.ShouldBe(7); }));
    }

    [Fact]
    public void A_message_is_expected_by_a_comparer()
    {
        TestActor.Tell("HELLO");

        ExpectMsg("hello", (expected, actual) => string.Equals(expected, actual, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void A_message_is_expected_from_its_sender()
    {
        var friend = CreateTestProbe();
        var stranger = CreateTestProbe();
        TestActor.Tell("one", friend.Ref);
        TestActor.Tell("two", friend.Ref);
        TestActor.Tell("three", stranger.Ref);

        ExpectMsgFrom<string>(friend.Ref).ShouldBe("one");
        ExpectMsgFrom(friend.Ref, "two");
        Should.Throw<XunitException>(() => ExpectMsgFrom<string>(friend.Ref));
    }

    [Fact]
    public void The_last_message_and_its_sender_are_remembered()
    {
        var friend = CreateTestProbe();
        TestActor.Tell("hello", friend.Ref);
        ExpectMsg<string>();

        LastMessage.ShouldBe("hello");
        LastSender.ShouldBe(friend.Ref);
    }

    [Fact]
    public void Messages_are_expected_in_any_order()
    {
        TestActor.Tell(3);
        TestActor.Tell(1);
        TestActor.Tell(1);

        ExpectMsgAllOf<int>([1, 1, 3]).ShouldBe([3, 1, 1]);
    }

    [Fact]
    public void A_message_that_comes_once_does_not_count_twice()
    {
        TestActor.Tell(1);
        TestActor.Tell(2);

        Should.Throw<XunitException>(() => ExpectMsgAllOf<int>([1, 1]));
    }

    [Fact]
    public void One_of_several_messages_is_expected()
    {
        TestActor.Tell(2);
        TestActor.Tell(9);

        ExpectMsgAnyOf<int>([1, 2, 3]).ShouldBe(2);
        Should.Throw<XunitException>(() => ExpectMsgAnyOf<int>([1, 2, 3]));
    }

    [Fact]
    public void Silence_is_expected_and_a_message_breaks_it()
    {
        ExpectNoMsg(TimeSpan.Zero);
        TestActor.Tell("hello");
        Should.Throw<XunitException>(() => ExpectNoMsg(TimeSpan.FromHours(1))).Message.ShouldContain("hello");
    }

    [Fact]
    public void A_number_of_messages_is_received_in_order()
    {
        foreach (var number in Enumerable.Range(0, 5))
            TestActor.Tell(number);

        ReceiveN(3).ShouldBe([0, 1, 2]);
        Should.Throw<XunitException>(() => ReceiveN(3, Soon)).Message.ShouldContain("Only got 2");
    }

    [Fact]
    public void Messages_are_received_as_long_as_they_are_wanted_and_the_first_unwanted_one_stays()
    {
        foreach (var number in Enumerable.Range(0, 5))
            TestActor.Tell(number);

        ReceiveWhile<string>(message => (int)message < 3 ? $"{message}" : null!).ShouldBe(["0", "1", "2"]);
        ExpectMsg(3);
        ExpectMsg(4);
    }

    [Fact]
    public void Reception_ends_after_enough_messages_and_may_skip_other_types()
    {
        TestActor.Tell(1);
        TestActor.Tell("skipped");
        TestActor.Tell(2);
        TestActor.Tell(3);

        ReceiveWhile<int>(_ => true, msgs: 2).ShouldBe([1, 2]);
        TestActor.Tell("stops here");
        ReceiveWhile<int>(_ => true, shouldIgnoreOtherMessageTypes: false).ShouldBe([3]);
        ExpectMsg("stops here");
    }

    [Fact]
    public void Fishing_drops_what_is_not_wanted_and_can_list_it()
    {
        TestActor.Tell("seaweed");
        TestActor.Tell(1);
        TestActor.Tell(7);
        var dropped = new ArrayList();

        FishForMessage<int>(number => number > 5, dropped).ShouldBe(7);
        dropped.ToArray().ShouldBe(["seaweed", 1]);
        HasMessages.ShouldBeFalse();
    }

    [Fact]
    public void Fishing_in_vain_fails()
    {
        TestActor.Tell("seaweed");

        Should.Throw<XunitException>(() => FishForMessage<int>(_ => true, Soon, "a fish")).Message.ShouldContain("a fish");
    }

    [Fact]
    public void Ignored_messages_never_reach_the_queue()
    {
        IgnoreMessages<int>(number => number > 2);
        TestActor.Tell(1);
        TestActor.Tell(3);
        IgnoreNoMessages();
        TestActor.Tell(4);

        ReceiveN(2).ShouldBe([1, 4]);
    }

    [Fact]
    public void A_message_may_be_looked_at_without_taking_it()
    {
        TestActor.Tell("hello");

        PeekOne(TimeSpan.Zero).ShouldBe("hello");
        ReceiveOne(TimeSpan.Zero).ShouldBe("hello");
        ReceiveOne(TimeSpan.Zero).ShouldBeNull();
        PeekOne(TimeSpan.Zero).ShouldBeNull();
    }

    [Fact]
    public async Task A_message_that_comes_later_ends_the_wait()
    {
        var expectation = ExpectMsgAsync<string>();
        expectation.IsCompleted.ShouldBeFalse();

        TestActor.Tell("hello");

        (await expectation).ShouldBe("hello");
    }

    [Fact]
    public async Task The_asynchronous_forms_expect_the_same()
    {
        foreach (object message in (object[])["a", "b", 1, 2, 3, "c", 4, 5])
            TestActor.Tell(message);

        (await ExpectMsgAsync<string>()).ShouldBe("a");
        (await ExpectMsgFromAsync(TestActor, "b")).ShouldBe("b");
        (await Listed(ReceiveNAsync(2))).ShouldBe([1, 2]);
        (await FishForMessageAsync<string>(_ => true)).ShouldBe("c");
        (await Listed(ExpectMsgAllOfAsync<int>([5, 4]))).ShouldBe([4, 5]);
        await ExpectNoMsgAsync(TimeSpan.Zero);
        await Should.ThrowAsync<XunitException>(async () => await ExpectMsgAsync<string>(Soon));
    }

    [Fact]
    public async Task A_wait_may_be_cancelled()
    {
        using var cancellation = new CancellationTokenSource();
        var expectation = ReceiveOneAsync(TimeSpan.FromHours(1), cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(expectation);
    }

    private static async Task<List<T>> Listed<T>(IAsyncEnumerable<T> items)
    {
        var list = new List<T>();
        await foreach (var item in items)
            list.Add(item);
        return list;
    }
}
