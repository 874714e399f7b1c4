using Akka.Actor;
using Akka.Pattern;

namespace ActorTrain.Tests.PlatformAkka;

public sealed class CircuitBreakerTests : ActorTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);
    private static readonly TimeSpan Reset = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Moment = TimeSpan.FromTicks(1);

    public CircuitBreakerTests()
        : base(VirtualTime)
    {
    }

    [Fact]
    public async Task While_it_is_closed_calls_go_through()
    {
        var breaker = Breaker();

        (await breaker.WithCircuitBreaker(_ => Task.FromResult(7))).ShouldBe(7);
        (await breaker.WithCircuitBreaker("state", (state, _) => Task.FromResult(state.Length))).ShouldBe(5);
        breaker.WithSyncCircuitBreaker(() => 8).ShouldBe(8);

        breaker.IsClosed.ShouldBeTrue();
        breaker.CurrentFailureCount.ShouldBe(0);
    }

    [Fact]
    public async Task Failures_in_a_row_open_it_and_then_no_call_is_made()
    {
        var breaker = Breaker();
        await Failing(breaker);
        breaker.IsClosed.ShouldBeTrue();
        breaker.CurrentFailureCount.ShouldBe(1);

        await Failing(breaker);

        breaker.IsOpen.ShouldBeTrue();
        var calls = 0;
        var thrown = await Should.ThrowAsync<OpenCircuitException>(breaker.WithCircuitBreaker(_ =>
        {
            calls++;
            return Task.CompletedTask;
        }));
        calls.ShouldBe(0);
        thrown.InnerException.ShouldBeOfType<InvalidOperationException>();
    }

    [Fact]
    public async Task A_success_in_between_starts_the_count_anew()
    {
        var breaker = Breaker();
        await Failing(breaker);
        await Succeeding(breaker);
        await Failing(breaker);

        breaker.IsClosed.ShouldBeTrue();
        breaker.CurrentFailureCount.ShouldBe(1);
    }

    [Fact]
    public async Task After_the_reset_timeout_one_call_is_tried_and_a_success_closes_it()
    {
        var breaker = await Opened(Breaker());
        Clock.Advance(Reset - Moment);
        breaker.IsOpen.ShouldBeTrue();
        Clock.Advance(Moment);
        breaker.IsHalfOpen.ShouldBeTrue();

        await Succeeding(breaker);

        breaker.IsClosed.ShouldBeTrue();
        breaker.CurrentFailureCount.ShouldBe(0);
    }

    [Fact]
    public async Task While_one_call_is_tried_the_others_fail_at_once()
    {
        var breaker = await Opened(Breaker());
        Clock.Advance(Reset);
        var trial = new TaskCompletionSource<int>();
        var tried = breaker.WithCircuitBreaker(_ => trial.Task);

        await Should.ThrowAsync<OpenCircuitException>(breaker.WithCircuitBreaker(_ => Task.FromResult(1)));

        breaker.IsHalfOpen.ShouldBeTrue();
        trial.SetResult(7);
        (await tried).ShouldBe(7);
        breaker.IsClosed.ShouldBeTrue();
    }

    [Fact]
    public async Task A_trial_that_fails_opens_it_again()
    {
        var breaker = await Opened(Breaker());
        Clock.Advance(Reset);

        await Failing(breaker);

        breaker.IsOpen.ShouldBeTrue();
        Clock.Advance(Reset - Moment);
        breaker.IsOpen.ShouldBeTrue();
        Clock.Advance(Moment);
        breaker.IsHalfOpen.ShouldBeTrue();
    }

    [Fact]
    public async Task With_back_off_each_opening_is_twice_as_long_up_to_a_limit()
    {
        var breaker = await Opened(Breaker().WithExponentialBackoff(5 * Reset));
        foreach (var factor in (int[])[1, 2, 4, 5, 5])
        {
            Clock.Advance((factor * Reset) - Moment);
            breaker.IsOpen.ShouldBeTrue($"{factor}");
            Clock.Advance(Moment);
            breaker.IsHalfOpen.ShouldBeTrue($"{factor}");
            await Failing(breaker);
        }

        Clock.Advance(5 * Reset);
        await Succeeding(breaker);
        await Opened(breaker);
        Clock.Advance(Reset);
        breaker.IsHalfOpen.ShouldBeTrue("A success makes openings short again.");
    }

    [Fact]
    public async Task A_call_that_takes_too_long_is_a_failure_and_is_told_so()
    {
        var breaker = new CircuitBreaker(Clock, 1, TimeSpan.FromMilliseconds(1), Reset);
        var token = CancellationToken.None;

        await Should.ThrowAsync<TimeoutException>(breaker.WithCircuitBreaker(cancellation =>
        {
            token = cancellation;
            return new TaskCompletionSource().Task;
        }));

        breaker.IsOpen.ShouldBeTrue();
        token.IsCancellationRequested.ShouldBeTrue();
    }

    [Fact]
    public async Task A_late_result_of_a_call_does_not_change_what_came_since()
    {
        var breaker = Breaker();
        var late = new TaskCompletionSource<int>();
        var called = breaker.WithCircuitBreaker(_ => late.Task);
        await Opened(breaker);

        late.SetResult(7);
        (await called).ShouldBe(7);

        breaker.IsOpen.ShouldBeTrue();
    }

    [Fact]
    public void Calls_made_outside_count_when_they_are_reported()
    {
        var breaker = Breaker();
        breaker.Fail();
        breaker.Succeed();
        breaker.Fail();
        breaker.IsClosed.ShouldBeTrue();
        breaker.Fail();
        breaker.IsOpen.ShouldBeTrue();
        breaker.LastCaughtException.ShouldBeOfType<UserCalledFailException>();

        Clock.Advance(Reset);
        breaker.Succeed();

        breaker.IsClosed.ShouldBeTrue();
    }

    [Fact]
    public void Each_change_of_state_is_told()
    {
        var (opened, halfOpened, closed) = (CreateTestLatch(), CreateTestLatch(), CreateTestLatch());
        var breaker = Breaker().OnOpen(opened.CountDown).OnHalfOpen(halfOpened.CountDown).OnClose(closed.CountDown);

        breaker.Fail();
        opened.IsOpen.ShouldBeFalse();
        breaker.Fail();
        opened.Ready();
        Clock.Advance(Reset);
        halfOpened.Ready();
        closed.IsOpen.ShouldBeFalse();
        breaker.Succeed();
        closed.Ready();
    }

    [Fact]
    public void Senseless_settings_are_refused()
    {
        Should.Throw<ArgumentException>(() => new CircuitBreaker(Clock, 1, Patience, Reset, Reset, 0.5));
        Should.Throw<ArgumentException>(() => Breaker().WithRandomFactor(1.5));
    }

    private CircuitBreaker Breaker() => CircuitBreaker.Create(Clock, 2, Patience, Reset);

    private static async Task<CircuitBreaker> Opened(CircuitBreaker breaker)
    {
        while (!breaker.IsOpen)
            await Failing(breaker);
        return breaker;
    }

    private static async Task Failing(CircuitBreaker breaker) =>
        await Should.ThrowAsync<InvalidOperationException>(
            breaker.WithCircuitBreaker(_ => Task.FromException(new InvalidOperationException("broken"))));

    private static Task Succeeding(CircuitBreaker breaker) => breaker.WithCircuitBreaker(_ => Task.CompletedTask);
}
