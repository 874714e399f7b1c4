using Akka.Actor;

namespace ActorTrain.Platform.Tests.Core;

public sealed class DeathWatchTests : CoreTest
{
    [Fact]
    public void Every_watcher_is_told_once()
    {
        var watched = Act((_, _) => { });
        var watchers = Enumerable.Range(0, 5).Select(_ => Listen()).ToList();
        foreach (var watcher in watchers)
        {
            watcher.Watch(watched);
            watcher.Watch(watched);
        }
        Sys.Stop(watched);
        foreach (var watcher in watchers)
        {
            var told = watcher.Next<Terminated>();
            told.ActorRef.ShouldBe(watched);
            told.ExistenceConfirmed.ShouldBeTrue();
            watcher.Ref.Tell("mark");
            watcher.Next().ShouldBe("mark");
        }
    }

    [Fact]
    public async Task Who_watches_an_actor_that_has_ended_is_told_at_once()
    {
        var watched = Act((_, _) => { });
        await watched.GracefulStop(Patience);
        var watcher = Listen();
        watcher.Watch(watched);
        watcher.NextTerminated().ShouldBe(watched);
    }

    [Fact]
    public async Task Unwatch_holds_back_even_a_notice_that_is_on_its_way()
    {
        using var gate = new ManualResetEventSlim();
        var came = Listen();
        var watched = Act((_, _) => { });
        var watcher = Act((message, context) =>
        {
            switch (message)
            {
                case "watch":
                    context.Watch(watched);
                    context.Sender.Tell("watching");
                    break;
                case "hold":
                    gate.Wait(Patience);
                    break;
                case "unwatch":
                    context.Unwatch(watched);
                    break;
                default:
                    came.Ref.Tell(message);
                    break;
            }
        });
        await watcher.Ask<string>("watch", Patience);
        watcher.Tell("hold");
        watcher.Tell("unwatch");
        await watched.GracefulStop(Patience);
        gate.Set();
        watcher.Tell("mark");
        came.Next().ShouldBe("mark");
        came.Waiting.ShouldBe(0);
    }

    [Fact]
    public async Task WatchWith_gives_the_message_in_place_of_the_notice()
    {
        var came = Listen();
        var watched = Act((_, _) => { });
        var watcher = Act((message, context) =>
        {
            if (message is "watch")
                context.WatchWith(watched, "gone");
            else
                came.Ref.Tell(message);
            context.Sender.Tell("done");
        });
        await watcher.Ask<string>("watch", Patience);
        Sys.Stop(watched);
        came.Next().ShouldBe("gone");
    }

    [Fact]
    public async Task Watching_one_actor_in_two_ways_is_refused()
    {
        var watched = Act((_, _) => { });
        var watcher = Act((_, context) =>
        {
            context.WatchWith(watched, "gone");
            try
            {
                context.Watch(watched);
                context.Sender.Tell("taken");
            }
            catch (InvalidOperationException)
            {
                context.Sender.Tell("refused");
            }
        });
        (await watcher.Ask<string>("go", Patience)).ShouldBe("refused");
    }

    [Fact]
    public void Who_does_not_handle_the_notice_dies_of_a_death_pact()
    {
        var listener = Listen();
        var watched = Act((_, _) => { });
        var watcher = Sys.ActorOf(Props.Create(() => new Bound()));
        listener.Watch(watcher);
        watcher.Tell(watched);
        Sys.Stop(watched);
        listener.NextTerminated().ShouldBe(watcher);
    }

    [Fact]
    public void A_parent_that_watches_its_child_is_told_once_and_may_reuse_the_name()
    {
        var came = Listen();
        var parent = Act((message, context) =>
        {
            switch (message)
            {
                case "make":
                    context.Watch(context.ActorOf(Acting.Props((_, inner) => inner.Stop(inner.Self)), "kid")).Tell("end");
                    break;
                case Terminated terminated:
                    came.Ref.Tell(terminated.ActorRef);
                    came.Ref.Tell(context.ActorOf(Acting.Props((_, _) => { }), "kid"));
                    break;
                default:
                    came.Ref.Tell(message);
                    break;
            }
        });
        parent.Tell("make");
        var ended = (IActorRef)came.Next();
        var again = (IActorRef)came.Next();
        again.Path.ShouldBe(ended.Path);
        parent.Tell("mark");
        came.Next().ShouldBe("mark");
    }

    private sealed class Bound : ReceiveActor
    {
        public Bound() => Receive<IActorRef>(actor => Context.Watch(actor));
    }
}
