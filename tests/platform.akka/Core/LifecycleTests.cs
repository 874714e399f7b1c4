using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Event;

namespace ActorTrain.Platform.Tests.Core;

public sealed class LifecycleTests : CoreTest
{
    [Fact]
    public async Task The_hooks_of_a_life_come_in_their_order()
    {
        var said = new ConcurrentQueue<string>();
        var actor = Sys.ActorOf(Props.Create(() => new Diary(said)));
        actor.Tell("work");
        actor.Tell(new InvalidOperationException("fault"));
        actor.Tell("more");
        (await actor.GracefulStop(Patience)).ShouldBeTrue();
        said.ShouldBe(
        [
            "constructor", "PreStart", "work",
            "PreRestart fault InvalidOperationException", "PostStop",
            "constructor", "PostRestart fault", "PreStart", "more",
            "PostStop",
        ]);
    }

    [Fact]
    public async Task A_restart_keeps_the_mailbox_and_drops_the_message_that_failed()
    {
        var said = new ConcurrentQueue<string>();
        var actor = Sys.ActorOf(Props.Create(() => new Diary(said)));
        for (var i = 0; i < 100; i++)
            actor.Tell(i % 10 == 5 ? new InvalidOperationException($"{i}") : $"{i}");
        await actor.GracefulStop(Patience);
        said.Where(line => int.TryParse(line, out _)).ShouldBe(Enumerable.Range(0, 100).Where(i => i % 10 != 5).Select(i => $"{i}"));
    }

    [Fact]
    public void A_constructor_that_throws_stops_the_actor_by_the_default_strategy()
    {
        var listener = Listen();
        var actor = Sys.ActorOf(Props.Create(() => new Stillborn(true)));
        listener.Watch(actor);
        listener.NextTerminated().ShouldBe(actor);
    }

    [Fact]
    public void PreStart_that_throws_stops_the_actor_by_the_default_strategy()
    {
        var listener = Listen();
        var actor = Sys.ActorOf(Props.Create(() => new Stillborn(false)));
        listener.Watch(actor);
        listener.NextTerminated().ShouldBe(actor);
    }

    [Fact]
    public void A_name_is_free_only_after_its_actor_has_ended()
    {
        using var gate = new ManualResetEventSlim();
        using var begun = new ManualResetEventSlim();
        var listener = Listen();
        var first = Act(
            (_, _) =>
            {
                begun.Set();
                gate.Wait(Patience);
            },
            "solo");
        listener.Watch(first);
        first.Tell("wait");
        begun.Wait(Patience).ShouldBeTrue();
        Sys.Stop(first);
        Should.Throw<InvalidActorNameException>(() => Act((_, _) => { }, "solo"));
        gate.Set();
        listener.NextTerminated();
        // The parent hears of it before or after the watcher does, but without anybody's doing.
        IActorRef? second = null;
        SpinWait.SpinUntil(() =>
        {
            try
            {
                second = Act((_, _) => { }, "solo");
                return true;
            }
            catch (InvalidActorNameException)
            {
                return false;
            }
        }, Patience).ShouldBeTrue();
        second!.Path.ShouldBe(first.Path);
        second.ShouldNotBe(first);
    }

    [Theory]
    [InlineData("")]
    [InlineData("$own")]
    [InlineData("with space")]
    [InlineData("a/b")]
    [InlineData("ümlaut")]
    public void Names_that_no_path_can_hold_are_refused(string name)
        => Should.Throw<InvalidActorNameException>(() => Act((_, _) => { }, name));

    [Fact]
    public async Task Children_have_ended_when_PostStop_of_their_parent_runs()
    {
        var said = new ConcurrentQueue<string>();
        var top = Sys.ActorOf(Props.Create(() => new Tree("t", 2, said)));
        (await top.GracefulStop(Patience)).ShouldBeTrue();
        said.Count.ShouldBe(7);
        var order = said.ToList();
        foreach (var name in order.Where(name => name.Length > 1))
            order.IndexOf(name).ShouldBeLessThan(order.IndexOf(name[..^1]));
    }

    [Fact]
    public void Messages_to_an_ended_actor_and_those_left_in_its_mailbox_are_dead_letters()
    {
        using var gate = new ManualResetEventSlim();
        using var begun = new ManualResetEventSlim();
        var letters = Listen();
        Sys.EventStream.Subscribe(letters.Ref, typeof(DeadLetter));
        var actor = Act((_, _) =>
        {
            begun.Set();
            gate.Wait(Patience);
        });
        letters.Watch(actor);
        actor.Tell("held");
        begun.Wait(Patience);
        actor.Tell("left behind");
        Sys.Stop(actor);
        gate.Set();
        var came = new[] { letters.Next(), letters.Next() };
        came.OfType<Terminated>().ShouldHaveSingleItem().ActorRef.ShouldBe(actor);
        var letter = came.OfType<DeadLetter>().ShouldHaveSingleItem();
        letter.Message.ShouldBe("left behind");
        letter.Recipient.ShouldBe(actor);
        actor.Tell("too late", letters.Ref);
        var late = letters.Next<DeadLetter>();
        late.Message.ShouldBe("too late");
        late.Sender.ShouldBe(letters.Ref);
    }

    [Fact]
    public async Task Kill_fails_the_actor_and_the_default_strategy_stops_it()
    {
        var said = new ConcurrentQueue<string>();
        var listener = Listen();
        var actor = Sys.ActorOf(Props.Create(() => new Diary(said)));
        listener.Watch(actor);
        actor.Tell(Kill.Instance);
        listener.NextTerminated();
        said.ShouldBe(["constructor", "PreStart", "PostStop"]);
        await Should.ThrowAsync<ActorNotFoundException>(Sys.ActorSelection(actor.Path).ResolveOne(Patience));
    }

    [Fact]
    public async Task Terminate_ends_every_actor_before_the_system()
    {
        var said = new ConcurrentQueue<string>();
        var system = ActorSystem.Create("other", Akka.Configuration.ConfigurationFactory.ParseString(Silent));
        system.ActorOf(Props.Create(() => new Tree("t", 3, said)));
        var called = 0;
        system.RegisterOnTermination(() => called = said.Count);
        await system.Terminate().WaitAsync(Patience);
        called.ShouldBe(15);
        system.WhenTerminated.IsCompletedSuccessfully.ShouldBeTrue();
    }

    [Fact]
    public async Task What_PreRestart_throws_does_not_hinder_the_restart()
    {
        var actor = Sys.ActorOf(Props.Create(() => new BadLoser()));
        actor.Tell("fail");
        (await actor.Ask<string>("there?", Patience)).ShouldBe("there?");
    }

    [Fact]
    public async Task A_strategy_may_try_again_to_make_what_could_not_be_made()
    {
        var tries = new int[1];
        var parent = Sys.ActorOf(Props.Create(() => new Stubborn(tries)));
        var child = await parent.Ask<IActorRef>("make", Patience);
        (await child.Ask<string>("there?", Patience)).ShouldBe("there?");
        tries[0].ShouldBe(3);
    }

    [Fact]
    public async Task A_child_that_is_made_in_an_asynchronous_handler_runs_at_once()
    {
        var parent = Sys.ActorOf(Props.Create(() => new LateParent()));
        (await parent.Ask<string>("go", Patience)).ShouldBe("answered by the child");
    }

    [Fact]
    public async Task No_actor_outlives_its_system_though_others_are_made_while_it_ends()
    {
        for (var round = 0; round < 20; round++)
        {
            var system = ActorSystem.Create("brief", Akka.Configuration.ConfigurationFactory.ParseString(Silent));
            var alive = new int[1];
            var making = Task.Run(() =>
            {
                while (true)
                {
                    try
                    {
                        system.ActorOf(Props.Create(() => new Living(alive)));
                    }
                    catch (InvalidOperationException)
                    {
                        return;
                    }
                }
            });
            await system.Terminate().WaitAsync(Patience);
            await making.WaitAsync(Patience);
            alive[0].ShouldBe(0);
        }
    }

    private sealed class Living(int[] alive) : UntypedActor
    {
        protected override void PreStart() => Interlocked.Increment(ref alive[0]);

        protected override void PostStop() => Interlocked.Decrement(ref alive[0]);

        protected override void OnReceive(object message)
        {
        }
    }

    private sealed class Stubborn(int[] tries) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            var count = tries;
            Sender.Tell(Context.ActorOf(Props.Create(() => new ThirdTime(count))));
        }

        protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart);
    }

    private sealed class ThirdTime(int[] tries) : UntypedActor
    {
        protected override void PreStart()
        {
            if (++tries[0] < 3)
                throw new InvalidOperationException("not yet");
        }

        protected override void OnReceive(object message) => Sender.Tell(message);
    }

    private sealed class LateParent : ReceiveActor
    {
        public LateParent() => ReceiveAsync<string>(async _ =>
        {
            await Task.Yield();
            var child = Context.ActorOf(Acting.Props((_, context) => context.Sender.Tell("answered by the child")));
            Sender.Tell(await child.Ask<string>("go", Patience));
        });
    }

    private sealed class Diary(ConcurrentQueue<string> said) : UntypedActor
    {
        private readonly ConcurrentQueue<string> said = Begin(said);

        protected override void OnReceive(object message)
        {
            if (message is Exception fault)
                throw fault;
            said.Enqueue((string)message);
        }

        protected override void PreStart() => said.Enqueue("PreStart");

        protected override void PostStop() => said.Enqueue("PostStop");

        protected override void PreRestart(Exception reason, object message)
        {
            said.Enqueue($"PreRestart {reason.Message} {message.GetType().Name}");
            base.PreRestart(reason, message);
        }

        protected override void PostRestart(Exception reason)
        {
            said.Enqueue($"PostRestart {reason.Message}");
            base.PostRestart(reason);
        }

        private static ConcurrentQueue<string> Begin(ConcurrentQueue<string> said)
        {
            said.Enqueue("constructor");
            return said;
        }
    }

    private sealed class Stillborn : UntypedActor
    {
        private readonly bool early;

        public Stillborn(bool early)
        {
            this.early = early;
            if (early)
                throw new InvalidOperationException("in the constructor");
        }

        protected override void PreStart()
        {
            if (!early)
                throw new InvalidOperationException("in PreStart");
        }

        protected override void OnReceive(object message)
        {
        }
    }

    private sealed class Tree : UntypedActor
    {
        private readonly string name;
        private readonly ConcurrentQueue<string> said;

        public Tree(string name, int depth, ConcurrentQueue<string> said)
        {
            this.name = name;
            this.said = said;
            for (var i = 0; depth > 0 && i < 2; i++)
            {
                var child = name + (char)('a' + i);
                var below = depth - 1;
                Context.ActorOf(Props.Create(() => new Tree(child, below, said)), child);
            }
        }

        protected override void OnReceive(object message)
        {
        }

        protected override void PostStop() => said.Enqueue(name);
    }

    private sealed class BadLoser : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (message is "fail")
                throw new InvalidOperationException("fail");
            Sender.Tell(message);
        }

        protected override void PreRestart(Exception reason, object message) => throw new InvalidOperationException("not that either");
    }
}
