using Akka.Actor;

namespace ActorTrain.Platform.Tests.Core;

public sealed class AskTests : CoreTest
{
    private readonly IActorRef echo;

    public AskTests() => echo = Act((message, context) => context.Sender.Tell(message));

    [Fact]
    public async Task The_answer_comes_as_the_result() => (await echo.Ask<int>(7, Patience)).ShouldBe(7);

    [Fact]
    public async Task No_answer_in_time_throws()
        => await Should.ThrowAsync<AskTimeoutException>(Act((_, _) => { }).Ask<int>(7, TimeSpan.FromMilliseconds(10)));

    [Fact]
    public async Task An_answer_of_another_type_throws() => await Should.ThrowAsync<ArgumentException>(echo.Ask<int>("text", Patience));

    [Fact]
    public async Task A_failure_throws_its_cause()
        => (await Should.ThrowAsync<InvalidOperationException>(echo.Ask<int>(new Status.Failure(new InvalidOperationException("no")), Patience))).Message.ShouldBe("no");

    [Fact]
    public async Task Calling_off_ends_the_wait()
    {
        using var source = new CancellationTokenSource();
        var answer = Act((_, _) => { }).Ask<int>(7, source.Token);
        await source.CancelAsync();
        await Should.ThrowAsync<TaskCanceledException>(answer);
    }

    [Fact]
    public async Task The_reference_that_takes_the_answer_can_be_looked_up_while_it_waits()
    {
        var listener = Listen();
        var answer = listener.Ref.Ask<string>("question", Patience);
        listener.Next();
        var path = listener.LastSender.Path;
        Sys.ActorSelection(path).Tell("by its path", ActorRefs.NoSender);
        (await answer).ShouldBe("by its path");
    }

    [Fact]
    public async Task The_message_may_be_made_with_the_reference_that_takes_the_answer()
    {
        var other = Act((message, _) => ((IActorRef)message).Tell("back"));
        (await other.Ask<string>(self => self, Patience, CancellationToken.None)).ShouldBe("back");
    }

    [Fact]
    public async Task Asking_a_selection_asks_its_actor()
        => (await Sys.ActorSelection(echo.Path.ToStringWithoutAddress()).Ask<int>(7, Patience)).ShouldBe(7);

    [Fact]
    public void PipeTo_sends_the_result_or_the_failure()
    {
        var listener = Listen();
        Task.FromResult(7).PipeTo(listener.Ref);
        listener.Next().ShouldBe(7);
        Task.FromResult(7).PipeTo(listener.Ref, echo, n => n + 1);
        listener.Next().ShouldBe(8);
        listener.LastSender.ShouldBe(echo);
        Task.FromException<int>(new InvalidOperationException("no")).PipeTo(listener.Ref);
        listener.Next<Status.Failure>().Cause.Message.ShouldBe("no");
        Task.FromException(new InvalidOperationException("no")).PipeTo(listener.Ref, failure: e => e.Message);
        listener.Next().ShouldBe("no");
        Task.CompletedTask.PipeTo(listener.Ref, success: () => "done");
        listener.Next().ShouldBe("done");
    }

    [Fact]
    public void Forward_keeps_the_sender()
    {
        var listener = Listen();
        var relay = Act((message, _) => listener.Ref.Forward(message));
        relay.Tell("on", echo);
        listener.Next().ShouldBe("on");
        listener.LastSender.ShouldBe(echo);
    }

    [Fact]
    public async Task GracefulStop_is_true_also_for_an_actor_that_has_ended()
    {
        var actor = Act((_, _) => { });
        (await actor.GracefulStop(Patience)).ShouldBeTrue();
        (await actor.GracefulStop(Patience)).ShouldBeTrue();
    }

    [Fact]
    public async Task GracefulStop_of_an_actor_that_goes_on_is_called_off()
        => await Should.ThrowAsync<TaskCanceledException>(Act((_, _) => { }).GracefulStop(TimeSpan.FromMilliseconds(10), "not a reason to stop"));

    [Fact]
    public async Task Identify_is_answered_by_the_actor_or_for_the_one_that_is_not_there()
    {
        var here = await echo.Ask<ActorIdentity>(new Identify("id"), Patience);
        here.Subject.ShouldBe(echo);
        here.MessageId.ShouldBe("id");
        var nowhere = await Sys.ActorSelection("/user/nowhere").Ask<ActorIdentity>(new Identify("id"), Patience);
        nowhere.Subject.ShouldBeNull();
    }
}
