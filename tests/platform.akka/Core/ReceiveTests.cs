using Akka.Actor;
using Akka.Event;

namespace ActorTrain.Platform.Tests.Core;

public sealed class ReceiveTests : CoreTest
{
    [Fact]
    public async Task Handlers_are_tried_in_the_order_of_their_registration_and_only_the_first_that_takes_a_message_runs()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Sorter()));
        (await actor.Ask<string>(7, Patience)).ShouldBe("small 7");
        (await actor.Ask<string>(70, Patience)).ShouldBe("odd or large 70");
        (await actor.Ask<string>("x", Patience)).ShouldBe("text x");
        (await actor.Ask<string>(2.5, Patience)).ShouldBe("any 2.5");
        (await actor.Ask<string>(100, Patience)).ShouldBe("any 100");
    }

    [Fact]
    public async Task Become_replaces_and_BecomeStacked_keeps_the_behaviour_below()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Moody()));
        (await actor.Ask<string>("who", Patience)).ShouldBe("calm");
        actor.Tell("push");
        (await actor.Ask<string>("who", Patience)).ShouldBe("cross");
        actor.Tell("pop");
        (await actor.Ask<string>("who", Patience)).ShouldBe("calm");
        actor.Tell("swap");
        (await actor.Ask<string>("who", Patience)).ShouldBe("sleepy");
        actor.Tell("pop");
        (await actor.Ask<string>("who", Patience)).ShouldBe("calm");
    }

    [Fact]
    public async Task A_restart_forgets_what_was_become()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Moody()));
        actor.Tell("push");
        actor.Tell("fail");
        (await actor.Ask<string>("who", Patience)).ShouldBe("calm");
    }

    [Fact]
    public void What_no_handler_takes_is_published_as_unhandled()
    {
        var listener = Listen();
        Sys.EventStream.Subscribe(listener.Ref, typeof(UnhandledMessage));
        var actor = Sys.ActorOf(Props.Create(() => new Moody()));
        actor.Tell(42, listener.Ref);
        var unhandled = listener.Next<UnhandledMessage>();
        unhandled.Message.ShouldBe(42);
        unhandled.Sender.ShouldBe(listener.Ref);
        unhandled.Recipient.ShouldBe(actor);
    }

    [Fact]
    public async Task Handlers_may_only_be_named_while_the_actor_is_made_or_becomes()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Late()));
        (await actor.Ask<string>("now", Patience)).ShouldBe(nameof(InvalidOperationException));
    }

    [Fact]
    public void An_actor_cannot_be_made_with_new()
    {
        Exception? thrown = null;
        var thread = new Thread(() => thrown = Record.Exception(() => new Moody()));
        thread.Start();
        thread.Join();
        thrown.ShouldBeOfType<ActorInitializationException>();
    }

    [Fact]
    public void No_actor_runs_on_a_thread_of_ones_own()
    {
        Exception? thrown = null;
        var thread = new Thread(() => thrown = Record.Exception(() => Moody.ContextOfThread()));
        thread.Start();
        thread.Join();
        thrown.ShouldBeOfType<NotSupportedException>();
    }

    [Fact]
    public async Task The_next_message_waits_for_the_end_of_an_asynchronous_handler()
    {
        var gate = new TaskCompletionSource();
        var listener = Listen();
        var actor = Sys.ActorOf(Props.Create(() => new Awaiting(gate.Task, listener.Ref)));
        actor.Tell("first");
        listener.Next().ShouldBe("begun first");
        actor.Tell("second");
        actor.Tell(3);
        // Other actors run meanwhile; this one does not.
        (await Act((message, context) => context.Sender.Tell(message)).Ask<string>("echo", Patience)).ShouldBe("echo");
        listener.Waiting.ShouldBe(0);
        gate.SetResult();
        listener.Next().ShouldBe("ended first");
        listener.LastSender.ShouldBe(actor);
        listener.Next().ShouldBe("begun second");
        listener.Next().ShouldBe("ended second");
        listener.Next().ShouldBe(3);
    }

    [Fact]
    public async Task An_asynchronous_handler_keeps_sender_and_context_after_each_await()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Awaiting(Task.CompletedTask, ActorRefs.Nobody)));
        (await actor.Ask<string>(2.0, Patience)).ShouldBe(actor.Path.Name);
    }

    [Fact]
    public async Task An_asynchronous_handler_that_throws_restarts_its_actor()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Awaiting(Task.CompletedTask, ActorRefs.Nobody)));
        (await actor.Ask<int>('c', Patience)).ShouldBe(1);
        (await actor.Ask<int>('c', Patience)).ShouldBe(2);
        actor.Tell(true);
        (await actor.Ask<int>('c', Patience)).ShouldBe(1);
    }

    [Fact]
    public void A_null_message_is_refused() => Should.Throw<InvalidMessageException>(() => Listen().Ref.Tell(null!));

    private sealed class Sorter : ReceiveActor
    {
        public Sorter()
        {
            Receive<int>(n => n < 10, n => Sender.Tell($"small {n}"));
            Receive<int>(n => Sender.Tell($"odd or large {n}"), n => n is < 100);
            Receive<string>(text =>
            {
                Sender.Tell($"text {text}");
                return true;
            });
            Receive<double>(_ => false);
            ReceiveAny(any => Sender.Tell(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"any {any}")));
        }
    }

    private sealed class Moody : ReceiveActor
    {
        public Moody() => Calm();

        public static IActorContext ContextOfThread() => Context;

        private void Calm()
        {
            Common("calm");
            Receive<string>(s => s == "push", _ => BecomeStacked(() => Common("cross")));
            Receive<string>(s => s == "swap", _ => Become(() => Common("sleepy")));
        }

        private void Common(string mood)
        {
            Receive<string>(s => s == "who", _ => Sender.Tell(mood));
            Receive<string>(s => s == "pop", _ => UnbecomeStacked());
            Receive<string>(s => s == "fail", _ => throw new InvalidOperationException("fail"));
        }
    }

    private sealed class Late : ReceiveActor
    {
        public Late() => Receive<string>(_ =>
        {
            try
            {
                Receive<int>(n => Sender.Tell(n));
                Sender.Tell("taken");
            }
            catch (InvalidOperationException e)
            {
                Sender.Tell(e.GetType().Name);
            }
        });
    }

    private sealed class Awaiting : ReceiveActor
    {
        private int count;

        public Awaiting(Task gate, IActorRef listener)
        {
            ReceiveAsync<string>(async text =>
            {
                listener.Tell($"begun {text}");
                await gate;
                await Task.Yield();
                listener.Tell($"ended {text}");
            });
            ReceiveAsync<double>(async _ =>
            {
                await Task.Yield();
                await Task.Run(() => { });
                Sender.Tell(Context.Self.Path.Name);
            });
            ReceiveAsync<bool>(async _ =>
            {
                await Task.Yield();
                throw new InvalidOperationException("after an await");
            });
            Receive<char>(_ => Sender.Tell(++count));
            Receive<int>(n => listener.Tell(n));
        }
    }
}
