using Akka.Actor;
using Akka.TestKit;
using Xunit.Sdk;

namespace ActorTrain.Tests.PlatformAkka;

public sealed class TimeTests : ActorTest
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    public TimeTests()
        : base("akka.test.timefactor = 2")
    {
    }

    [Fact]
    public void Durations_are_stretched_by_the_time_factor()
    {
        Dilated(Hour).ShouldBe(2 * Hour);
        RemainingOrDilated(Hour).ShouldBe(2 * Hour);
        Dilated(Timeout.InfiniteTimeSpan).ShouldBe(Timeout.InfiniteTimeSpan);
    }

    [Fact]
    public void Outside_of_a_block_the_default_is_left_and_nothing_remains()
    {
        RemainingOrDefault.ShouldBe(TimeSpan.FromSeconds(120));
        Should.Throw<InvalidOperationException>(() => Remaining);
    }

    [Fact]
    public void Inside_of_a_block_what_is_left_of_it_counts()
    {
        Within(Hour, () =>
        {
            Remaining.ShouldBeInRange(Hour, 2 * Hour);
            RemainingOrDefault.ShouldBeGreaterThan(Hour);
        });
        RemainingOrDefault.ShouldBe(TimeSpan.FromSeconds(120));
    }

    [Fact]
    public void An_inner_block_cannot_outlast_the_outer_one()
    {
        Within(Hour, () => Within(10 * Hour, () => Remaining.ShouldBeLessThanOrEqualTo(2 * Hour)));
        Within(Hour, () =>
        {
            Within(TimeSpan.FromMinutes(1), () => Remaining.ShouldBeLessThanOrEqualTo(TimeSpan.FromMinutes(2)));
            Remaining.ShouldBeGreaterThan(TimeSpan.FromMinutes(2));
        });
    }

    [Fact]
    public void A_block_returns_what_its_function_does()
    {
        TestActor.Tell("hello");

        Within(Hour, () => ExpectMsg<string>()).ShouldBe("hello");
    }

    [Fact]
    public void A_block_that_is_too_fast_fails()
    {
        Should.Throw<XunitException>(() => Within(Hour, 2 * Hour, () => { })).Message.ShouldContain("should have at least been");
    }

    [Fact]
    public void A_block_that_is_too_slow_fails()
    {
        Should.Throw<XunitException>(() => Within(TimeSpan.Zero, LetTheClockMove)).Message.ShouldContain("exceeding");
    }

    [Fact]
    public void Listening_to_silence_does_not_make_a_block_slow()
    {
        Within(TimeSpan.FromMilliseconds(1), () => ReceiveWhile<int>(_ => true));
    }

    [Fact]
    public void An_expectation_ends_with_its_block()
    {
        Should.Throw<XunitException>(() => Within(TimeSpan.FromMilliseconds(1), () => ExpectMsg<string>())).Message.ShouldContain("Timeout");
    }

    [Fact]
    public async Task Asynchronous_blocks_nest_too()
    {
        TestActor.Tell("hello");
        var message = await WithinAsync(Hour, () => WithinAsync(Hour, async () => await ExpectMsgAsync<string>()));
        message.ShouldBe("hello");

        await Should.ThrowAsync<XunitException>(WithinAsync(TimeSpan.FromMilliseconds(1), async () => await ExpectMsgAsync<string>()));
        await Should.ThrowAsync<XunitException>(WithinAsync(Hour, 2 * Hour, () => Task.CompletedTask));
    }

    [Fact]
    public void A_condition_is_awaited()
    {
        var looks = 0;

        AwaitCondition(() => ++looks == 3, Hour, TimeSpan.FromMilliseconds(1));

        looks.ShouldBe(3);
        Should.Throw<XunitException>(() => AwaitCondition(() => false, TimeSpan.FromMilliseconds(1), TimeSpan.Zero, "the moon is blue"))
            .Message.ShouldContain("the moon is blue");
    }

    [Fact]
    public void A_condition_may_be_awaited_without_failing()
    {
        AwaitConditionNoThrow(() => true, TimeSpan.FromMilliseconds(1)).ShouldBeTrue();
        AwaitConditionNoThrow(() => false, TimeSpan.FromMilliseconds(1)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_condition_is_awaited_asynchronously()
    {
        var looks = 0;

        await AwaitConditionAsync(() => Task.FromResult(++looks == 3), Hour, TimeSpan.FromMilliseconds(1));

        looks.ShouldBe(3);
        (await AwaitConditionNoThrowAsync(() => Task.FromResult(false), TimeSpan.FromMilliseconds(1))).ShouldBeFalse();
    }

    [Fact]
    public async Task An_assertion_is_awaited_and_its_last_failure_is_the_one_told()
    {
        var looks = 0;

        AwaitAssert(() => (++looks).ShouldBe(3), Hour, TimeSpan.FromMilliseconds(1));
        await AwaitAssertAsync(() => (++looks).ShouldBe(6), Hour, TimeSpan.FromMilliseconds(1));
        await AwaitAssertAsync(() => Task.Run(() => (++looks).ShouldBe(9)), Hour, TimeSpan.FromMilliseconds(1));

        looks.ShouldBe(9);
        Should.Throw<ShouldAssertException>(() => AwaitAssert(() => looks.ShouldBe(10), TimeSpan.FromMilliseconds(1)));
    }

    [Fact]
    public void A_latch_opens_after_its_count()
    {
        var latch = CreateTestLatch(2);
        latch.CountDown();
        latch.IsOpen.ShouldBeFalse();
        Should.Throw<TimeoutException>(() => latch.Ready(TimeSpan.FromMilliseconds(1)));

        latch.CountDown();
        latch.Ready();
        latch.Reset();
        latch.IsOpen.ShouldBeFalse();
        latch.Open();
        latch.IsOpen.ShouldBeTrue();
    }

    [Fact]
    public async Task A_barrier_lets_go_when_all_have_come()
    {
        var barrier = CreateTestBarrier(2);
        var other = Task.Run(barrier.Await);

        barrier.Await();

        await other;
    }

    private static void LetTheClockMove()
    {
        var start = Now;
        while (Now == start)
            Thread.Yield();
    }
}
