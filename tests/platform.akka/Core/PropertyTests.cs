using System.Collections.Concurrent;
using Akka.Actor;

namespace ActorTrain.Platform.Tests.Core;

/// <summary>What must hold under any schedule, tried under many threads and with random faults.</summary>
public sealed class PropertyTests : CoreTest
{
    private sealed record Item(int Sender, int Number);

    private sealed class Fault : Exception;

    [Fact]
    public Task Messages_between_two_actors_keep_their_order() => Seeds.ForEach(25, async random =>
    {
        const int Each = 400;
        var receivers = random.Next(1, 5);
        var senders = random.Next(1, 5);
        var done = new CountdownEvent(receivers * senders * Each);
        var wrong = new ConcurrentQueue<string>();
        var targets = Enumerable.Range(0, receivers).Select(_ =>
        {
            var next = new int[senders];
            return Sys.ActorOf(Acting.Props((message, _) =>
            {
                var item = (Item)message;
                if (item.Number != next[item.Sender]++)
                    wrong.Enqueue($"{item} after {next[item.Sender] - 2}");
                done.Signal();
            }));
        }).ToArray();
        for (var s = 0; s < senders; s++)
        {
            var sender = s;
            var seed = random.Next();
            if (random.Next(2) == 0)
            {
                // An actor that sends in bursts, each begun by a message to itself.
                var dice = new Random(seed);
                var number = 0;
                Sys.ActorOf(Acting.Props((message, context) =>
                {
                    for (var burst = dice.Next(1, 60); burst > 0 && number < Each; burst--, number++)
                    {
                        foreach (var target in targets)
                            target.Tell(new Item(sender, number));
                    }
                    if (number < Each)
                        context.Self.Tell(message);
                })).Tell("go");
            }
            else
            {
                _ = Task.Run(() =>
                {
                    for (var number = 0; number < Each; number++)
                    {
                        foreach (var target in targets)
                            target.Tell(new Item(sender, number));
                    }
                });
            }
        }
        await Signalled(done);
        wrong.ShouldBeEmpty();
    });

    [Fact]
    public Task Restarts_lose_no_message_and_give_none_twice() => Seeds.ForEach(25, async random =>
    {
        const int Each = 300;
        var senders = random.Next(1, 5);
        var faulty = random.Next(2, 20);
        var done = new CountdownEvent(senders * Each);
        var seen = new ConcurrentQueue<Item>();
        var actor = Sys.ActorOf(Props.Create(() => new Failing(seen, done, faulty)));
        await Task.WhenAll(Enumerable.Range(0, senders).Select(sender => Task.Run(() =>
        {
            for (var number = 0; number < Each; number++)
                actor.Tell(new Item(sender, number));
        })));
        await Signalled(done);
        foreach (var sender in Enumerable.Range(0, senders))
            seen.Where(item => item.Sender == sender).Select(item => item.Number).ShouldBe(Enumerable.Range(0, Each));
    });

    [Fact]
    public Task No_two_messages_of_one_actor_run_at_once() => Seeds.ForEach(20, async random =>
    {
        const int Each = 200;
        var done = new CountdownEvent(4 * Each);
        var inside = 0;
        var most = 0;
        Action work = () =>
        {
            var now = Interlocked.Increment(ref inside);
            if (now > Volatile.Read(ref most))
                Volatile.Write(ref most, now);
            Thread.SpinWait(20);
            Interlocked.Decrement(ref inside);
        };
        var actor = Sys.ActorOf(Props.Create(() => new Alone(random.Next(), work, done)));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(sender => Task.Run(() =>
        {
            for (var number = 0; number < Each; number++)
            {
                actor.Tell(new Item(sender, number));
                if (number % 50 == 0)
                    Sys.Scheduler.ScheduleTellOnce(TimeSpan.FromMilliseconds(1), actor, "from the timer's thread", ActorRefs.NoSender);
            }
        })));
        await Signalled(done);
        most.ShouldBe(1);
    });

    [Fact]
    public Task A_stop_overtakes_every_message_that_waits() => Seeds.ForEach(25, async random =>
    {
        using var gate = new ManualResetEventSlim();
        using var begun = new ManualResetEventSlim();
        var waiting = random.Next(1, 200);
        var handled = 0;
        var listener = Listen();
        var actor = Sys.ActorOf(Acting.Props((_, _) =>
        {
            Interlocked.Increment(ref handled);
            begun.Set();
            gate.Wait(Patience);
        }));
        listener.Watch(actor);
        var letters = new CountdownEvent(waiting);
        var collector = Sys.ActorOf(Acting.Props((message, _) =>
        {
            if (message is Akka.Event.DeadLetter letter && letter.Recipient.Equals(actor))
                letters.Signal();
        }));
        Sys.EventStream.Subscribe(collector, typeof(Akka.Event.DeadLetter));
        actor.Tell("first");
        begun.Wait(Patience);
        for (var i = 0; i < waiting; i++)
            actor.Tell(i);
        Sys.Stop(actor);
        gate.Set();
        listener.NextTerminated().ShouldBe(actor);
        await Signalled(letters);
        handled.ShouldBe(1);
        Sys.EventStream.Unsubscribe(collector);
    });

    [Fact]
    public Task Children_end_before_the_PostStop_of_their_parent_whoever_is_stopped_when() => Seeds.ForEach(25, async random =>
    {
        var ended = new ConcurrentDictionary<string, int>();
        var clock = 0;
        var made = new ConcurrentBag<IActorRef>();
        Action<string> end = name => ended[name] = Interlocked.Increment(ref clock);
        var top = Sys.ActorOf(Props.Create(() => new Branch(4, random.Next(), made, end)));
        await top.Ask<string>("made?", Patience);
        var nodes = made.ToArray();
        var seed = random.Next();
        await Task.WhenAll(Enumerable.Range(0, 3).Select(worker => Task.Run(() =>
        {
            var dice = new Random(seed + worker);
            for (var i = 0; i < 30; i++)
            {
                // Not the top: the guardian would restart it, and a new instance makes new children.
                var victim = nodes[dice.Next(nodes.Length)];
                if (victim.Equals(top))
                    continue;
                if (dice.Next(3) == 0)
                    Sys.Stop(victim);
                else
                    victim.Tell(dice.Next(2) == 0 ? new Fault() : PoisonPill.Instance);
            }
        })));
        (await top.GracefulStop(Patience)).ShouldBeTrue();
        ended.Keys.ShouldBe(nodes.Select(node => node.Path.ToStringWithoutAddress()), ignoreOrder: true);
        foreach (var (path, at) in ended)
        {
            if (ended.TryGetValue(path[..path.LastIndexOf('/')], out var parent))
                at.ShouldBeLessThan(parent, path);
        }
    });

    [Fact]
    public Task A_stash_keeps_the_order_whatever_is_laid_aside_when() => Seeds.ForEach(25, async random =>
    {
        const int Count = 300;
        var seen = new ConcurrentQueue<int>();
        var done = new CountdownEvent(Count);
        var actor = Sys.ActorOf(Props.Create(() => new Hoarder(random.Next(), seen, done)));
        for (var i = 0; i < Count; i++)
        {
            actor.Tell(i);
            if (random.Next(10) == 0)
                actor.Tell("turn");
            if (random.Next(40) == 0)
                actor.Tell(new Fault());
        }
        actor.Tell("open");
        await Signalled(done);
        seen.ShouldBe(Enumerable.Range(0, Count));
    });

    [Fact]
    public Task Every_watcher_is_told_exactly_once_whenever_it_began_to_watch() => Seeds.ForEach(25, async random =>
    {
        var watchers = random.Next(1, 10);
        var told = new int[watchers];
        var done = new CountdownEvent(watchers);
        var watched = Sys.ActorOf(Acting.Props((_, _) => { }));
        var all = Enumerable.Range(0, watchers).Select(i => Sys.ActorOf(Acting.Props((message, context) =>
        {
            switch (message)
            {
                case "watch":
                    context.Watch(watched);
                    break;
                case Terminated:
                    Interlocked.Increment(ref told[i]);
                    // What might come a second time would come before this.
                    context.Self.Tell("mark");
                    break;
                case "mark":
                    done.Signal();
                    break;
            }
        }))).ToArray();
        var stop = random.Next(all.Length);
        for (var i = 0; i < all.Length; i++)
        {
            all[i].Tell("watch");
            if (i == stop)
                watched.Tell(PoisonPill.Instance);
        }
        await Signalled(done);
        told.ShouldAllBe(times => times == 1);
    });

    private static async Task Signalled(CountdownEvent countdown)
    {
        var signalled = new TaskCompletionSource();
        var wait = ThreadPool.RegisterWaitForSingleObject(countdown.WaitHandle, (_, timedOut) =>
        {
            if (timedOut)
                signalled.SetException(new TimeoutException($"{countdown.CurrentCount} of {countdown.InitialCount} did not come"));
            else
                signalled.SetResult();
        }, null, Patience, executeOnlyOnce: true);
        await signalled.Task;
        wait.Unregister(null);
    }

    private sealed class Failing(ConcurrentQueue<Item> seen, CountdownEvent done, int faulty) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            var item = (Item)message;
            seen.Enqueue(item);
            done.Signal();
            if (item.Number % faulty == 1)
                throw new Fault();
        }
    }

    private sealed class Alone : ReceiveActor
    {
        public Alone(int seed, Action work, CountdownEvent done)
        {
            var dice = new Random(seed);
            ReceiveAsync<Item>(async _ =>
            {
                work();
                await Task.Yield();
                work();
                done.Signal();
            }, item => item.Number % 3 == 0);
            Receive<Item>(item =>
            {
                work();
                done.Signal();
                if (dice.Next(10) == 0)
                    throw new Fault();
            });
            ReceiveAny(_ => work());
        }

    }

    private sealed class Branch : UntypedActor
    {
        private readonly Action<string> ended;

        public Branch(int depth, int seed, ConcurrentBag<IActorRef> made, Action<string> ended)
        {
            this.ended = ended;
            made.Add(Self);
            var dice = new Random(seed);
            for (var i = dice.Next(4); depth > 0 && i > 0; i--)
            {
                var below = depth - 1;
                var inner = dice.Next();
                Context.ActorOf(Props.Create(() => new Branch(below, inner, made, ended)));
            }
        }

        protected override void OnReceive(object message)
        {
            if (message is Fault fault)
                throw fault;
            if (message is not "made?")
                return;
            // Answered when all below have answered.
            var children = Context.GetChildren().ToList();
            var asking = Sender;
            Task.WhenAll(children.Select(child => child.Ask<string>("made?", Patience))).PipeTo(asking, Self, _ => "made");
        }

        protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(e => e is Fault ? Directive.Resume : Directive.Stop);

        protected override void PostStop() => ended(Self.Path.ToStringWithoutAddress());
    }

    private sealed class Hoarder : ReceiveActor, IWithUnboundedStash
    {
        private readonly Random dice;

        public Hoarder(int seed, ConcurrentQueue<int> seen, CountdownEvent done)
        {
            dice = new Random(seed);
            Receive<Fault>(fault => throw fault);
            // Once closed everything is laid aside, so that what is seen stays in order.
            Receive<int>(_ => Closed, _ => Stash.Stash());
            Receive<int>(number =>
            {
                seen.Enqueue(number);
                done.Signal();
            });
            Receive<string>(s => s == "turn", _ =>
            {
                Closed = !Closed && dice.Next(3) > 0;
                if (!Closed)
                    Stash.UnstashAll();
            });
            Receive<string>(s => s == "open", _ =>
            {
                Closed = false;
                Stash.UnstashAll();
            });
        }

        public IStash Stash { get; set; } = null!;

        private bool Closed { get; set; }

    }
}
